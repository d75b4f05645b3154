/* Tries what a container should not let it do, and says what came of each attempt. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void tried(const char *what, long result)
{
    printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
}

static int names_below(const char *path)
{
    DIR *folder = opendir(path);
    int found = 0;

    for (struct dirent *entry; folder && (entry = readdir(folder));)
        found += entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
    if (folder)
        closedir(folder);
    return found;
}

static long served_on_port_80(void)
{
    struct sockaddr_in here = {
        .sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(server, (void *)&here, sizeof here) || listen(server, 1))
        return -1;
    return connect(client, (void *)&here, sizeof here);
}

int main(int argc, char **argv)
{
    char name[64];

    gethostname(name, sizeof name);
    printf("user %d, process %d of %d, host %s\n", getuid(), getpid(), names_below("/proc"), name);
    tried("serve on port 80", served_on_port_80());
    tried("write a file", open("/tmp/file", O_CREAT | O_WRONLY, 0600));
    tried("write to the program's file", open(argc > 1 ? argv[1] : "/bin/confined", O_WRONLY));
    tried("open a file of the host", open("/etc/passwd", O_RDONLY));
    tried("climb out of the root", chdir("/../../..") ? -1 : open("usr/bin/env", O_RDONLY));
    tried("see the host's first process", open("/proc/1/root/usr/bin/env", O_RDONLY));
    tried("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
    tried("unshare", unshare(CLONE_NEWUSER));
    tried("clone into a namespace", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    tried("clone3", syscall(435, NULL, 0));
    tried("trace", ptrace(PTRACE_TRACEME, 0, 0, 0));
    tried("make a device", mknod("/tmp/disk", S_IFBLK | 0600, 0x800));
    tried("name the host", sethostname("mine", 4));
    tried("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
    tried("call by the x32 interface", syscall(0x40000000 | SYS_getpid));
    return 0;
}
