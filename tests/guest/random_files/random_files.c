/* Random writes, reads, truncations and renames of a few files, against what they should do to arrays. Seeded: the same
 * every time. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 5, MOST = 60000, STEPS = 6000, PIECE = 9000 };

static struct model {
    unsigned char bytes[MOST];
    size_t size;
    int fd;
} models[FILES];

static uint32_t seed = 20240607;

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)seed * below >> 32);
}

static void name_of(char name[16], int file)
{
    sprintf(name, "file%d", file);
}

static void set_size(struct model *model, size_t size)
{
    if (size > model->size)
        memset(model->bytes + model->size, 0, size - model->size);
    model->size = size;
}

static void step(int i)
{
    static unsigned char piece[PIECE];
    struct model *model = &models[i], spare;
    size_t at = next_random(MOST), len = next_random(PIECE);
    char name[16], other[16];
    struct stat st;
    int j;

    if (len > MOST - at)
        len = MOST - at;
    switch (next_random(8)) {
    case 0:
    case 1:
    case 2:
        for (size_t k = 0; k < len; k++)
            piece[k] = (unsigned char)next_random(256);
        if (len && at > model->size)
            set_size(model, at);
        CHECK(pwrite(model->fd, piece, len, (off_t)at) == (ssize_t)len);
        memcpy(model->bytes + at, piece, len);
        if (len && at + len > model->size)
            model->size = at + len;
        break;
    case 3:
    case 4: {
        size_t there = at >= model->size ? 0 : model->size - at < len ? model->size - at : len;

        CHECK(pread(model->fd, piece, len, (off_t)at) == (ssize_t)there);
        CHECK(!memcmp(piece, model->bytes + at, there));
        break;
    }
    case 5:
        CHECK(!ftruncate(model->fd, (off_t)at));
        set_size(model, at);
        break;
    case 6: /* the name goes elsewhere, the open file stays with its contents */
        j = (int)next_random(FILES);
        name_of(name, i);
        name_of(other, j);
        if (i == j || next_random(4))
            break;
        CHECK(!rename(name, "between") && !rename(other, name) && !rename("between", other));
        spare = models[i];
        models[i] = models[j];
        models[j] = spare;
        break;
    default:
        name_of(name, i);
        CHECK(!fstat(model->fd, &st) && (size_t)st.st_size == model->size);
        if (next_random(20))
            break;
        /* A new file of the same name. */
        CHECK(!close(model->fd) && !unlink(name));
        model->fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        CHECK(model->fd >= 0);
        model->size = 0;
    }
}

int main(void)
{
    static unsigned char all[MOST];
    uint32_t sum = 0;
    char name[16];

    CHECK(!chdir(getenv("TMPDIR")));
    for (int i = 0; i < FILES; i++) {
        name_of(name, i);
        models[i].fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        CHECK(models[i].fd >= 0);
    }
    for (int n = 0; n < STEPS; n++)
        step((int)next_random(FILES));
    for (int i = 0; i < FILES; i++) {
        name_of(name, i);
        CHECK(!close(models[i].fd));
        int fd = open(name, O_RDONLY);
        CHECK(fd >= 0 && read(fd, all, MOST) == (ssize_t)models[i].size && !close(fd) && !unlink(name));
        CHECK(!memcmp(all, models[i].bytes, models[i].size));
        for (size_t k = 0; k < models[i].size; k++)
            sum = sum * 31 + all[k];
    }
    printf("%08x\n", (unsigned)sum);
    SUCCESS();
}
