/* SPDX-License-Identifier: MIT */
/* sendfile() and copy_file_range() at their edges: what they copy from and to, how far, and which position moves. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "../say.h"

int main(void)
{
    char buf[32] = "";
    int ends[2];
    off_t from = 2, to = 3, negative = -1, far = 1000;

    SAY(chdir(getenv("TMPDIR")));
    int in = open("in", O_RDWR | O_CREAT | O_TRUNC, 0600), out = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
    int readable = open("out", O_RDONLY), writable = open("in", O_WRONLY),
        appending = open("out", O_WRONLY | O_APPEND);
    int folder = open(".", O_RDONLY | O_DIRECTORY);
    SAY(pipe(ends));
    SAY(write(in, "0123456789", 10));

    SAY(sendfile(out, in, NULL, 5));
    SAY(lseek(in, 0, SEEK_SET));
    SAY(sendfile(out, in, NULL, 5));
    SAY(lseek(in, 0, SEEK_CUR));
    SAY(sendfile(out, in, &from, 3));
    printf("%ld\n", (long)from);
    SAY(lseek(in, 0, SEEK_CUR));
    SAY(lseek(out, 0, SEEK_CUR));
    SAY(sendfile(out, in, &far, 3));
    printf("%ld\n", (long)far);
    SAY(sendfile(out, in, &negative, 3));
    SAY(sendfile(out, in, NULL, 0));
    SAY(sendfile(readable, in, NULL, 3));
    SAY(sendfile(out, writable, NULL, 3));
    SAY(sendfile(99, in, NULL, 3));
    SAY(sendfile(out, 99, NULL, 3));
    SAY(sendfile(appending, in, NULL, 3));
    SAY(sendfile(ends[1], in, NULL, 100));
    SAY(read(ends[0], buf, sizeof buf));
    printf("%s\n", buf);
    SAY(sendfile(ends[1], in, &from, 100));
    SAY(read(ends[0], buf, sizeof buf));
    SAY(pread(out, buf, sizeof buf, 0));
    printf("%s\n", buf);

    from = 2;
    SAY(copy_file_range(in, &from, out, &to, 4, 0));
    printf("%ld %ld\n", (long)from, (long)to);
    SAY(copy_file_range(in, &from, out, &to, 4, 1));
    SAY(copy_file_range(in, &from, out, &to, 0, 0));
    SAY(copy_file_range(in, &from, out, &to, 100, 0));
    SAY(copy_file_range(in, &from, out, &to, 100, 0));
    printf("%ld %ld\n", (long)from, (long)to);
    SAY(copy_file_range(in, NULL, out, NULL, 100, 0));
    SAY(lseek(in, 0, SEEK_SET));
    SAY(lseek(out, 0, SEEK_SET));
    SAY(copy_file_range(in, NULL, out, NULL, 3, 0));
    SAY(lseek(in, 0, SEEK_CUR));
    SAY(lseek(out, 0, SEEK_CUR));
    SAY(copy_file_range(in, &negative, out, NULL, 3, 0));
    SAY(copy_file_range(in, NULL, readable, NULL, 3, 0));
    SAY(copy_file_range(writable, NULL, out, NULL, 3, 0));
    SAY(copy_file_range(in, NULL, appending, NULL, 3, 0));
    SAY(copy_file_range(in, NULL, ends[1], NULL, 3, 0));
    SAY(copy_file_range(ends[0], NULL, out, NULL, 3, 0));
    SAY(copy_file_range(folder, NULL, out, NULL, 3, 0));
    SAY(copy_file_range(99, NULL, out, NULL, 3, 0));
    SAY(copy_file_range(in, NULL, 99, NULL, 3, 0));
    from = 0, to = 2;
    SAY(copy_file_range(in, &from, in, &to, 4, 0));
    to = 4;
    SAY(copy_file_range(in, &from, in, &to, 4, 0));
    SAY(lseek(in, 0, SEEK_END));
    puts("SUCCESS");
    return 0;
}
