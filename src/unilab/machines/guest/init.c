/* SPDX-License-Identifier: MIT */
/*
 * init.c: the first process of a Linux guest: all the user space there is, beside
 * the program.
 *
 * It mounts what programs expect, loads the drivers that /etc/modules lists (a path a
 * line), gives eth0 the address in /etc/network ("ADDRESS MASK GATEWAY"), runs
 * /program with the words of /etc/argv and the environment of /etc/environ (each
 * ended by a NUL), and reports on the second serial line: "started PID", then
 * "ended STATUS" or "failed WHAT". Then it switches the machine off.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_WORDS = 256, DEBUG_EXIT = 0xf4, STATUS_OF_SIGNAL = 128 };

static int control = -1;

static void report(const char *format, ...)
{
    char line[256];
    __builtin_va_list more;

    __builtin_va_start(more, format);
    int length = vsnprintf(line, sizeof line, format, more);
    __builtin_va_end(more);
    if (control >= 0) {
        write(control, line, (size_t)length);
        tcdrain(control);
    }
}

static _Noreturn void switch_off(void)
{
    tcdrain(1);
    if (!iopl(3))
        outb(0, DEBUG_EXIT);
    reboot(RB_AUTOBOOT);
    for (;;)
        pause();
}

static _Noreturn void fail(const char *what)
{
    report("failed %s: %s\n", what, strerror(errno));
    switch_off();
}

static void mount_all(void)
{
    static const char *const mounts[][2] = {
        {"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/tmp"}};

    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
        mkdir(mounts[i][1], 0755);
        if (mount(mounts[i][0], mounts[i][1], mounts[i][0], 0, NULL))
            fail(mounts[i][1]);
    }
}

/* A serial line that passes bytes through as they are; but control-D ends the input, as on the unikernel's. */
static int open_line(const char *path)
{
    struct termios line;
    int fd = open(path, O_RDWR | O_NOCTTY);

    if (fd >= 0 && !tcgetattr(fd, &line)) {
        cfmakeraw(&line);
        line.c_lflag |= ICANON;
        tcsetattr(fd, TCSANOW, &line);
    }
    return fd;
}

static void load_modules(void)
{
    char path[256];
    FILE *list = fopen("/etc/modules", "r");

    while (list && fgets(path, sizeof path, list)) {
        path[strcspn(path, "\n")] = 0;
        int fd = open(path, O_RDONLY);
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
            fail(path);
        close(fd);
    }
    if (list)
        fclose(list);
}

static void set_address(int fd, const char *name, unsigned long request, const char *address)
{
    struct ifreq interface = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&interface.ifr_addr;

    strcpy(interface.ifr_name, name);
    in->sin_family = AF_INET;
    inet_pton(AF_INET, address, &in->sin_addr);
    if (ioctl(fd, request, &interface))
        fail(name);
}

static void switch_on(int fd, const char *name)
{
    struct ifreq interface = {.ifr_flags = IFF_UP | IFF_RUNNING};

    strcpy(interface.ifr_name, name);
    if (ioctl(fd, SIOCSIFFLAGS, &interface))
        fail(name);
}

static void configure_network(void)
{
    char address[32], mask[32], gateway[32];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    FILE *file = fopen("/etc/network", "r");

    if (fd < 0)
        fail("socket");
    set_address(fd, "lo", SIOCSIFADDR, "127.0.0.1");
    switch_on(fd, "lo");
    if (file && fscanf(file, "%31s %31s %31s", address, mask, gateway) == 3) {
        struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
        struct sockaddr_in *in = (struct sockaddr_in *)&route.rt_gateway;

        set_address(fd, "eth0", SIOCSIFADDR, address);
        set_address(fd, "eth0", SIOCSIFNETMASK, mask);
        switch_on(fd, "eth0");
        in->sin_family = route.rt_dst.sa_family = route.rt_genmask.sa_family = AF_INET;
        inet_pton(AF_INET, gateway, &in->sin_addr);
        if (ioctl(fd, SIOCADDRT, &route))
            fail("route");
    }
    if (file)
        fclose(file);
    close(fd);
}

/* The words of a file, each ended by a NUL, as a list that a null pointer ends. */
static char **words(const char *path)
{
    static char text[2][65536];
    static char *lists[2][MAX_WORDS + 1];
    static int used;
    char *out = text[used], **list = lists[used];
    int fd = open(path, O_RDONLY), count = 0;
    ssize_t length = fd < 0 ? -1 : read(fd, out, sizeof text[0] - 1);

    used++;
    if (length < 0)
        fail(path);
    close(fd);
    for (ssize_t at = 0; at < length && count < MAX_WORDS; at += (ssize_t)strlen(out + at) + 1)
        list[count++] = out + at;
    list[count] = NULL;
    return list;
}

int main(void)
{
    mount_all();
    control = open_line("/dev/ttyS1");
    int console = open_line("/dev/ttyS0");
    if (console < 0)
        fail("/dev/ttyS0");
    for (int fd = 0; fd < 3; fd++)
        dup2(console, fd);
    load_modules();
    configure_network();
    char **argv = words("/etc/argv"), **environ = words("/etc/environ");

    pid_t program = fork();
    if (program < 0)
        fail("fork");
    if (program == 0) {
        setsid();
        execve("/program", argv, environ);
        _exit(127);
    }
    report("started %d\n", program);
    int status, ended;
    do
        ended = wait(&status);
    while (ended != program);
    report("ended %d\n", WIFSIGNALED(status) ? STATUS_OF_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status));
    switch_off();
}
