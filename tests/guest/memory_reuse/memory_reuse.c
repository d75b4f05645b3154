/* Freed memory is used again: a hundred times the machine's RAM in total, by mmap() and by malloc(), by threads too.
 * Running out is ENOMEM, and ends when something is given back. */
#define _GNU_SOURCE
#include "../check.h"
#include <pthread.h>
#include <sys/mman.h>

enum { MIB = 1 << 20, TOTAL = 800 * MIB }; /* expect.toml: 8 MiB of RAM */

static void map_and_unmap(long total)
{
    const size_t sizes[] = {4096, 65536, 3 * MIB, 12288, MIB, 4 * MIB, 20480};

    for (long done = 0, i = 0; done < total; i++) {
        size_t size = sizes[i % 7];
        char *p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        CHECK(p != MAP_FAILED && p[0] == 0 && p[size - 1] == 0);
        p[0] = p[size - 1] = 1;
        CHECK(!munmap(p, size));
        done += (long)size;
    }
}

static void *allocate_and_free(void *total)
{
    enum { KEPT = 16 };
    char *kept[KEPT] = {0};
    unsigned random = 1;

    for (long done = 0; done < (long)total;) {
        random = random * 1103515245 + 12345;
        size_t size = 16 + (random >> 8) % (random & 64 ? 100000 : 2000);
        unsigned i = (random >> 4) % KEPT;

        if (kept[i])
            CHECK(*kept[i] == (char)i);
        free(kept[i]);
        kept[i] = malloc(size);
        CHECK(kept[i]);
        kept[i][0] = kept[i][size - 1] = (char)i;
        done += (long)size;
    }
    for (int i = 0; i < KEPT; i++)
        free(kept[i]);
    return 0;
}

static void *nothing(void *argument)
{
    return argument;
}

int main(void)
{
    pthread_t threads[4];

    map_and_unmap(TOTAL);
    allocate_and_free((void *)(TOTAL / 16l));
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_create(&threads[i], 0, allocate_and_free, (void *)(TOTAL / 16l)));
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_join(threads[i], 0));

    /* Everything there is, twice. */
    size_t most[2];
    for (int round = 0; round < 2; round++) {
        void *list = 0, *p;

        most[round] = 0;
        while ((p = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED) {
            *(void **)p = list;
            list = p;
            most[round]++;
        }
        void *volatile large = malloc(8 * MIB);
        CHECK(!large);
        CHECK(pthread_create(&threads[0], 0, nothing, 0) == EAGAIN);
        while ((p = list)) {
            list = *(void **)p;
            CHECK(!munmap(p, 65536));
        }
    }
    CHECK(most[0] == most[1] && most[0] > 4 * 16);
    CHECK(!pthread_create(&threads[0], 0, nothing, 0) && !pthread_join(threads[0], 0));
    SUCCESS();
}
