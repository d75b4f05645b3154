/* Threads that use a disk at the same time: each its own files, and all of them one directory and one file. */
#include "../check.h"
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

enum { THREADS = 6, ROUNDS = 12, RECORD = 16 };

static int shared;

static void *work(void *argument)
{
    int number = (int)(long)argument;
    char draft[32], name[32], text[3000], found[3000], record[RECORD + 1];

    sprintf(draft, "draft-%d", number);
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = (size_t)(round % 2 ? 3000 : 50);

        memset(text, 'a' + number, sizeof text);
        sprintf(name, "file-%d-%d", number, round % 3);
        int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        CHECK(fd >= 0 && write(fd, text, len) == (ssize_t)len && !fsync(fd) && !close(fd) && !rename(draft, name));
        fd = open(name, O_RDONLY);
        CHECK(fd >= 0 && read(fd, found, sizeof found) == (ssize_t)len && !memcmp(text, found, len) && !close(fd));
        sprintf(record, "thread %d, %5d\n", number, round);
        CHECK(write(shared, record, RECORD) == RECORD && !fsync(shared));
        if (round % 4 == 3)
            CHECK(!unlink(name));
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    char record[RECORD + 1] = "";
    int next[THREADS] = {0}, number, round;

    CHECK(!chdir(getenv("TMPDIR")));
    shared = open("shared", O_RDWR | O_CREAT | O_APPEND, 0644);
    CHECK(shared >= 0);
    for (long i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, work, (void *)i));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    /* Every record whole, and each thread's in order. */
    CHECK(lseek(shared, 0, SEEK_SET) == 0);
    for (int i = 0; i < THREADS * ROUNDS; i++) {
        CHECK(read(shared, record, RECORD) == RECORD && sscanf(record, "thread %d, %d", &number, &round) == 2);
        CHECK(number >= 0 && number < THREADS && next[number]++ == round);
    }
    CHECK(read(shared, record, 1) == 0);
    SUCCESS();
}
