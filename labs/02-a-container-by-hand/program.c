/*
 * program.c: what the check runs in your container. It looks around, and prints a line "WORD: WHAT" for each thing it
 * sees, then starts as many processes as it is let. After its first argument come paths that it tries to read.
 */

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef STATUS
#define STATUS 0 /* what it ends with */
#endif

enum { MOST = 64 };

static void lines(const char *word, const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");

    while (file && fgets(line, sizeof line, file))
        printf("%s: %s", word, line);
}

static void entries(const char *word, const char *path, int digits)
{
    DIR *folder = opendir(path);

    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.' && (!digits || isdigit(entry->d_name[0])))
            printf("%s: %s\n", word, entry->d_name);
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"user", "pid", "mnt", "uts", "ipc", "net"};
    char path[64], link[64] = "";
    struct utsname system;
    pid_t children[MOST];
    int count = 0;

    uname(&system);
    printf("process: %d\nuser: %d\nhost: %s\n", getpid(), getuid(), system.nodename);
    for (int i = 0; i < argc; i++)
        printf("argument: %s\n", argv[i]);
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
        ssize_t length = readlink(path, link, sizeof link - 1);
        printf("namespace: %s %.*s\n", kinds[i], length > 0 ? (int)length : 0, link);
    }
    entries("file", "/", 0);
    entries("seen", "/proc", 1);
    lines("status", "/proc/self/status");
    lines("mount", "/proc/self/mountinfo");
    for (int i = 2; i < argc; i++)
        if (open(argv[i], O_RDONLY) >= 0)
            printf("read: %s\n", argv[i]);
    fflush(stdout);
    while (count < MOST && (children[count] = fork()) > 0)
        count++;
    if (count < MOST && children[count] == 0) {
        pause();
        _exit(0);
    }
    printf("children: %d\n", count);
    for (int i = 0; i < count; i++)
        kill(children[i], SIGKILL);
    return STATUS;
}
