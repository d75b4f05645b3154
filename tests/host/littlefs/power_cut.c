/* SPDX-License-Identifier: MIT */
/*
 * power_cut.c: the power is cut at every sector that a load writes. What had been
 * acknowledged is there afterwards, and of what was under way all or nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "surroundings.h"

enum { KEYS = 6, LOG = KEYS, FILES, MOST = 10000, SECTORS = 1 << 11 };

/* What the files hold: the log grows, the others are replaced. -1: there is none. */
struct state {
    long len[FILES];
    unsigned seed[FILES];
};

struct load {
    unsigned seed;
    int operations;
    volatile int acknowledged;
};

static const char *name_of(int file)
{
    static char name[FILES][16];

    snprintf(name[file], sizeof name[file], file == LOG ? "log" : "key-%d", file);
    return name[file];
}

static void fill(uint8_t *bytes, long len, unsigned seed)
{
    for (long i = 0; i < len; i++)
        bytes[i] = (uint8_t)next_random(&seed);
}

/* What the n-th operation does, on paper; and, if `file_system`, on the disk. */
static void operate(struct state *state, unsigned *random, bool file_system)
{
    static uint8_t bytes[MOST + 1000];
    struct inode *log;
    int file = (int)(next_random(random) % KEYS);
    unsigned what = next_random(random) % 8, seed = next_random(random);
    long len = next_random(random) % (seed % 2 ? 500 : MOST);

    if (what == 0) {
        if (file_system)
            CHECK(remove_name(NULL, name_of(file)) == (state->len[file] < 0 ? -ENOENT : 0));
        state->len[file] = -1;
    } else if (what < 3) {
        long more = len % 700;

        if (state->len[LOG] < 0 || state->len[LOG] + more > MOST)
            state->len[LOG] = 0;
        fill(bytes, state->len[LOG] + more, 7);
        if (file_system) {
            CHECK(find_or_create(NULL, "log", &log) == 0);
            if (!state->len[LOG])
                CHECK(log->ops->truncate(log, 0) == 0);
            CHECK(log->ops->write(log, bytes + state->len[LOG], (size_t)more, state->len[LOG]) == more);
            CHECK(log->ops->sync(log) == 0);
            inode_put(log);
        }
        state->len[LOG] += more;
        state->seed[LOG] = 7;
    } else {
        fill(bytes, len, seed);
        if (file_system) {
            CHECK(write_file(NULL, ".new", bytes, (size_t)len) == 0);
            CHECK(rename_to(NULL, ".new", NULL, name_of(file)) == 0);
        }
        state->len[file] = len;
        state->seed[file] = seed;
    }
}

static struct state state_after(unsigned random, int operations)
{
    struct state state;

    memset(&state, 0xff, sizeof state);
    for (int i = 0; i < operations; i++)
        operate(&state, &random, false);
    return state;
}

static int run_load(void *argument)
{
    struct load *load = argument;
    unsigned random = load->seed;
    struct state state = state_after(0, 0);

    CHECK(mounted() == 0);
    for (int i = 0; i < load->operations; i++) {
        operate(&state, &random, true);
        load->acknowledged = i + 1;
    }
    return 0;
}

static bool file_is(const struct state *state, int file)
{
    static uint8_t found[MOST + 1000], expected[MOST + 1000];
    long len = read_file(NULL, name_of(file), found, sizeof found);

    if (state->len[file] < 0)
        return len == -ENOENT;
    fill(expected, state->len[file], state->seed[file]);
    return len == state->len[file] && !memcmp(found, expected, (size_t)len);
}

/* Each file is as before the operation that was under way, or as after it. The log may have been made, and be empty. */
static bool holds(const struct state *done, const struct state *next)
{
    struct state made = *done;

    if (made.len[LOG] < 0 && next->len[LOG] >= 0)
        made.len[LOG] = 0;
    for (int file = 0; file < FILES; file++)
        if (!file_is(done, file) && !file_is(next, file) && !file_is(&made, file))
            return false;
    return true;
}

/* After the cut: mounts, holds what it must, and can be written to. */
static int verify(void *argument)
{
    struct load *load = argument;
    struct state done = state_after(load->seed, load->acknowledged);
    struct state next = state_after(load->seed, load->acknowledged + 1);

    CHECK(holds(&done, &next));
    for (int i = 0; i < 3; i++)
        CHECK(write_file(NULL, ".new", "after", 5) == 0 && rename_to(NULL, ".new", NULL, "after") == 0);
    CHECK(holds(&done, &next));
    return 0;
}

int test_power_cuts(unsigned seed, int operations)
{
    struct load *load = mmap(NULL, sizeof *load, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    long cuts = 0, writes = 0;
    int status = POWER_CUT;

    CHECK(load != MAP_FAILED);
    for (long cut = 0; status == POWER_CUT; cut++, cuts++) {
        disk_blank(SECTORS);
        *load = (struct load){.seed = seed, .operations = operations};
        disk->writes_left = cut;
        disk->seed = seed * 7919 + (unsigned)cut;
        status = in_child(run_load, load);
        CHECK(status == POWER_CUT || status == 0);
        writes = disk->written;
        disk->writes_left = -1;
        int verified = in_child(verify, load);
        if (verified)
            printf("cut at sector %ld of seed %u, after %d operations\n", cut, seed, load->acknowledged);
        CHECK(verified == 0);
    }
    CHECK(load->acknowledged == operations && writes > 3 * operations);
    printf("%ld cuts in %ld sectors\n", cuts, writes);
    return 0;
}
