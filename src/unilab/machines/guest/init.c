/* SPDX-License-Identifier: MIT */
/*
 * init.c: the first process of a Linux guest: all the user space there is, beside
 * the program and what may lie in /bin.
 *
 * It mounts what programs expect, loads the drivers that /etc/modules lists (a path a
 * line), gives eth0 the address in /etc/network ("ADDRESS MASK GATEWAY"), runs
 * the program that /etc/program names with the words of /etc/argv and the environment
 * of /etc/environ (each ended by a NUL), and reports on the second serial line:
 * "started PID", then "ended STATUS" or "failed WHAT". Then it switches the machine off.
 *
 * Where there is /etc/wait, it first reports "ready" and waits for a line. While the
 * program runs, it answers lines that come in: "cat PATH" with the contents of a file,
 * "sh COMMAND" with what the shell prints. The answer is "output BYTES" and the bytes,
 * or "refused WHY".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_WORDS = 256, DEBUG_EXIT = 0xf4, STATUS_OF_SIGNAL = 128 };
/* syslog(2): how much of what the kernel says goes to the console, and the least that can be set. */
enum { SYSLOG_ACTION_CONSOLE_LEVEL = 8, ONLY_EMERGENCIES = 1 };

static int control = -1;

static void send_all(const char *data, size_t length)
{
    while (control >= 0 && length) {
        ssize_t sent = write(control, data, length);
        if (sent < 0)
            return;
        data += sent;
        length -= (size_t)sent;
    }
}

static void report(const char *format, ...)
{
    char line[256];
    __builtin_va_list more;

    __builtin_va_start(more, format);
    int length = vsnprintf(line, sizeof line, format, more);
    __builtin_va_end(more);
    send_all(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
    if (control >= 0)
        tcdrain(control);
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
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

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

/* Everything that can be read from a descriptor, up to its end, as an answer. */
static void answer(int from)
{
    size_t length = 0, room = 0;
    char *data = NULL;
    ssize_t got;

    do {
        if (length == room)
            data = realloc(data, room = room ? 2 * room : 65536);
        got = data ? read(from, data + length, room - length) : -1;
        length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    if (got < 0)
        report("refused %s\n", strerror(errno));
    else {
        report("output %zu\n", length);
        send_all(data, length);
    }
    free(data);
}

static void run_shell(const char *command)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC)) {
        report("refused %s\n", strerror(errno));
        return;
    }
    pid_t shell = fork();
    if (shell == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        setsid();
        execle("/bin/busybox", "sh", "-c", command, NULL, (char *[]){"PATH=/bin:/usr/bin", NULL});
        _exit(127);
    }
    close(ends[1]);
    answer(ends[0]);
    close(ends[0]);
    waitpid(shell, NULL, 0);
}

/* One line from outside, and the answer. */
static void serve(void)
{
    char line[4096];
    ssize_t length = read(control, line, sizeof line - 1);

    if (length <= 0)
        return;
    line[length - (line[length - 1] == '\n')] = 0;
    if (!strncmp(line, "sh ", 3)) {
        run_shell(line + 3);
    } else if (!strncmp(line, "cat ", 4)) {
        int fd = open(line + 4, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            report("refused %s\n", strerror(errno));
            return;
        }
        answer(fd);
        close(fd);
    } else {
        report("refused %s\n", line);
    }
}

/* Serves until the program has ended; gives its wait status. Processes that have lost their parent are ours to bury. */
static int attend(pid_t program, const sigset_t *child_signal)
{
    struct pollfd sources[] = {{.fd = signalfd(-1, child_signal, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN},
                               {.fd = control, .events = POLLIN}};
    struct signalfd_siginfo information;
    int status;
    pid_t ended;

    for (;;) {
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
            if (ended == program)
                return status;
        poll(sources, 2, -1);
        while (read(sources[0].fd, &information, sizeof information) > 0)
            ;
        if (sources[1].revents & POLLIN)
            serve();
    }
}

int main(void)
{
    char path[256] = "";
    sigset_t child_signal, before;

    mount_all();
    control = open_line("/dev/ttyS1");
    int console = open_line("/dev/ttyS0");
    if (console < 0)
        fail("/dev/ttyS0");
    for (int fd = 0; fd < 3; fd++)
        dup2(console, fd);
    load_modules();
    configure_network();
    /* From here on, the kernel's words would only come in between ours. */
    klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, ONLY_EMERGENCIES);
    char **argv = words("/etc/argv"), **environ = words("/etc/environ");
    FILE *name = fopen("/etc/program", "r");
    if (!name || !fgets(path, sizeof path, name))
        fail("/etc/program");
    fclose(name);
    if (!access("/etc/wait", F_OK)) {
        char line[16];
        report("ready\n");
        read(control, line, sizeof line);
    }

    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_signal, &before);
    pid_t program = fork();
    if (program < 0)
        fail("fork");
    if (program == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        setsid();
        execve(path, argv, environ);
        _exit(127);
    }
    report("started %d\n", program);
    int status = attend(program, &child_signal);
    report("ended %d\n", WIFSIGNALED(status) ? STATUS_OF_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status));
    switch_off();
}
