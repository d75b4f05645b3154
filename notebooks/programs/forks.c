/*
 * forks.c: asks for a second process in every way there is, and says what came of
 * each. As a process, all of them work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void report(const char *how, int child, int error)
{
    int status;

    if (child < 0) {
        printf("%-13s %s\n", how, strerror(error));
        return;
    }
    waitpid(child, &status, 0);
    printf("%-13s a child ran, and ended with status %d\n", how, WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return atoi(argv[1]); /* we are the child */
    fflush(stdout);

    pid_t child = fork();
    if (child == 0)
        _exit(1);
    report("fork:", child, errno);

    child = vfork();
    if (child == 0)
        _exit(2);
    report("vfork:", child, errno);

    char *arguments[] = {argv[0], "3", NULL};
    int error = posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ);
    report("posix_spawn:", error ? -1 : child, error);

    FILE *shell = popen("exit 4", "r");
    int saved = errno;
    if (shell)
        printf("%-13s a shell ran, and ended with status %d\n", "popen:", WEXITSTATUS(pclose(shell)));
    else
        printf("%-13s %s\n", "popen:", strerror(saved));

    arguments[1] = "0";
    execve("/proc/self/exe", arguments, environ); /* last: it would be our own end */
    printf("%-13s %s\n", "execve:", strerror(errno));
    return 0;
}
