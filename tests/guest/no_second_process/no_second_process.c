/* Every way to a second process fails as such a call does, leaves nothing behind, and is explained once. */
#define _GNU_SOURCE
#include "../check.h"
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int child_function(void *argument)
{
    return *(int *)argument;
}

static int descriptors_in_use(void)
{
    int fds[2];

    CHECK(pipe(fds) == 0);
    close(fds[0]);
    close(fds[1]);
    return fds[0];
}

int main(void)
{
    static char stack[4096] __attribute__((aligned(16)));
    char *arguments[] = {"program", NULL};
    int status, before = descriptors_in_use();
    pid_t child;

    for (int i = 0; i < 2; i++) {
        CHECK(fork() == -1 && errno == ENOSYS);
        CHECK(vfork() == -1 && errno == ENOSYS);
        CHECK(syscall(SYS_clone, 0, 0, 0, 0, 0) == -1 && errno == ENOSYS);
        CHECK(clone(child_function, stack + sizeof stack, SIGCHLD, &status) == -1 && errno == ENOSYS);
        CHECK(posix_spawn(&child, "/bin/true", NULL, NULL, arguments, arguments) == ENOSYS);
        CHECK(posix_spawnp(&child, "true", NULL, NULL, arguments, arguments) == ENOSYS);
        CHECK(execv("/bin/true", arguments) == -1 && errno == ENOSYS);
        CHECK(wait(&status) == -1 && errno == ENOSYS);
        CHECK(waitpid(2, &status, WNOHANG) == -1 && errno == ENOSYS);
        CHECK(system("true") == -1 && errno == ENOSYS);
        CHECK(popen("true", "r") == NULL && errno == ENOSYS);
    }
    CHECK(descriptors_in_use() == before);
    SUCCESS();
}
