/* The command line becomes argv and the environment, whatever characters it has. */
#define _GNU_SOURCE
#include "../check.h"
#include <unistd.h>

int main(int argc, char **argv)
{
    CHECK(argc == 11);
    const char *name = strrchr(argv[0], '/'); /* of a process, it is a path, and the file has a suffix */
    name = name ? name + 1 : argv[0];
    CHECK(!strncmp(name, "arguments", 9) && (!name[9] || name[9] == '.'));
    CHECK(!strcmp(argv[1], "two words"));
    CHECK(!strcmp(argv[2], "a \"quoted\" back\\slash"));
    CHECK(!strcmp(argv[3], ""));
    CHECK(!strcmp(argv[4], "virtio_mmio.device=--"));
    CHECK(!strcmp(argv[5], "--"));
    CHECK(!strcmp(argv[6], "ends in \\"));
    CHECK(!strcmp(argv[7], "\"\\\"\\\\\""));
    CHECK(!strcmp(argv[8], "\ttab  and blanks "));
    CHECK(!strcmp(argv[9], "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7"));
    CHECK(!strcmp(argv[10], "GREETING=no"));
    CHECK(!argv[11]);
    CHECK(!strcmp(getenv("GREETING"), "hello = world"));
    CHECK(!strcmp(getenv("EMPTY"), ""));
    CHECK(!strcmp(getenv("-- NASTY"), "\"--\" \\"));
    CHECK(!getenv("PATH"));
    int count = 0;
    while (environ[count])
        count++;
    CHECK(count == (getenv("UNILAB_SOAK") ? 4 : 3));
    SUCCESS();
}
