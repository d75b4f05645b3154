/*
 * reach.c: which system calls does this kernel let us make? Prints a sign for each number from 0 to that of argv[1]: '+' if
 * the call was made, or failed for its arguments; '-' if it was refused (EPERM) or is not there (ENOSYS).
 *
 * Each is tried with zeros for arguments, in a process of its own that has a second for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SYNC = 162 }; /* takes long, and no kernel refuses it */

int main(int argc, char **argv)
{
    int most = argc > 1 ? atoi(argv[1]) : 0, end;

    for (int call = 0; call <= most; call++) {
        if (fork() == 0) {
            alarm(1);
            close(0);
            _exit(call != SYNC && syscall(call, 0, 0, 0, 0, 0, 0) < 0 && (errno == EPERM || errno == ENOSYS));
        }
        wait(&end);
        putchar(WIFEXITED(end) && WEXITSTATUS(end) == 1 ? '-' : '+');
        fflush(stdout);
    }
    return 0;
}
