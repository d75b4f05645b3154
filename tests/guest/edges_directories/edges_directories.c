/* SPDX-License-Identifier: MIT */
/* Reading directories at their edges: buffers too small, places gone back to, what is removed meanwhile. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../say.h"

static int count(DIR *dir)
{
    int entries = 0;

    while (readdir(dir))
        entries++;
    return entries;
}

int main(void)
{
    char buf[4096], name[16];

    SAY(chdir(getenv("TMPDIR")));
    SAY(mkdir("d", 0755));
    SAY(chdir("d"));
    for (int i = 0; i < 5; i++) {
        sprintf(name, "f%d", i);
        close(creat(name, 0644));
    }
    int fd = open(".", O_RDONLY | O_DIRECTORY), file = open("f0", O_RDWR);
    SAY(syscall(SYS_getdents64, fd, buf, 1));
    SAY(syscall(SYS_getdents64, fd, buf, 0));
    SAY(syscall(SYS_getdents64, file, buf, sizeof buf));
    SAY(syscall(SYS_getdents64, 99, buf, sizeof buf));
    SAY(syscall(SYS_getdents64, fd, buf, sizeof buf) > 0);
    SAY(syscall(SYS_getdents64, fd, buf, sizeof buf));
    SAY(syscall(SYS_getdents64, fd, buf, sizeof buf));
    SAY(lseek(fd, 0, SEEK_SET));
    SAY(syscall(SYS_getdents64, fd, buf, sizeof buf) > 0);
    SAY(read(fd, buf, 1));
    SAY(write(fd, buf, 1));
    SAY(pread(fd, buf, 1, 0));
    SAY(ftruncate(fd, 0));

    DIR *dir = opendir(".");
    SAY(count(dir));
    SAY(count(dir));
    rewinddir(dir);
    SAY(count(dir));
    rewinddir(dir);
    for (int i = 0; i < 3; i++)
        readdir(dir);
    long place = telldir(dir);
    SAY(count(dir));
    seekdir(dir, place);
    SAY(count(dir));
    SAY(unlink("f4"));
    close(creat("f9", 0644));
    rewinddir(dir);
    SAY(count(dir));
    SAY(closedir(dir));
    SAY(opendir("f0") != NULL);
    SAY(opendir("missing") != NULL);
    SAY(opendir("") != NULL);
    SAY(fdopendir(file) != NULL);
    SAY(open("f0", O_RDONLY | O_DIRECTORY));
    SAY(open(".", O_WRONLY));
    SAY(open(".", O_RDONLY | O_CREAT, 0644));
    SAY(rmdir("."));
    SAY(rmdir(".."));
    SAY(rmdir("f0"));

    for (int i = 0; i < 10; i++) {
        sprintf(name, "f%d", i);
        unlink(name);
    }
    SAY(rmdir("../d"));
    SAY(syscall(SYS_getdents64, fd, buf, sizeof buf));
    SAY(getcwd(buf, sizeof buf) != NULL);
    SAY(open("new", O_WRONLY | O_CREAT, 0644));
    SAY(mkdir("new", 0755));
    SAY(access(".", F_OK));
    puts("SUCCESS");
    return 0;
}
