/* SPDX-License-Identifier: MIT */
/*
 * contain.c: runs one program in a container, which it builds by hand from what Linux has for that.
 *
 * Three processes. The supervisor stays outside: it maps users, owns the control group, reports, and ends as the program
 * ended. The container's process 1 builds the rest from the inside, gives up every privilege, and waits. Its child, process 2,
 * becomes the program: as process 1 it would be deaf to its own signals. If the supervisor dies, so does process 1, and the
 * kernel then ends whatever else is in its process namespace.
 *
 * Runs on the host, started by src/unilab/machines/container.py, and in a Linux guest, where the host forbids user
 * namespaces. Sources: namespaces(7), user_namespaces(7), pid_namespaces(7), pivot_root(2).
 */
#define _GNU_SOURCE
#include "common.h"
#include "report.h"
#include "cgroup.h"
#include "privileges.h"
#include "root.h"
#include <getopt.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* What the container's user 0 is outside, where we may choose: the first of the numbers that hosts keep for such use. */
enum { SUBORDINATE_ID = 100000 };

static void start_loopback(const struct pipes *pipes)
{
    struct ifreq interface = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &interface))
        give_up(pipes, "starting the loopback interface");
    close(fd);
}

static _Noreturn void become_program(const struct options *options, const struct pipes *pipes, const char *inside)
{
    extern char **environ;

    setsid();
    signal(SIGPIPE, SIG_DFL);
    tell(pipes, READY, 0, "");
    await_go(pipes);
    if (options->hold)
        kill(getpid(), SIGSTOP);
    execve(inside, options->words, environ);
    give_up(pipes, "executing the program");
}

static _Noreturn void first_process(const struct options *options, const struct pipes *pipes, int copy)
{
    char inside[PATH_SIZE];
    int status;

    await_go(pipes); /* users are mapped */
    int mounted = program_mount(options->program);
    setgroups(0, NULL); /* not for us to do in a rootless container, where it is refused */
    if (setresgid(0, 0, 0) || setresuid(0, 0, 0))
        give_up(pipes, "becoming the container's user 0");
    /* After that: changing users would disarm it. Had the supervisor died before, `go` would end. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tell(pipes, IDENTIFIED, 0, "");
    await_go(pipes); /* we are in the control group */

    prctl(PR_SET_NAME, "init");
    unshare(CLONE_NEWCGROUP);
    if (sethostname(options->hostname, strlen(options->hostname)))
        give_up(pipes, "sethostname");
    if (!options->share_network)
        start_loopback(pipes);
    snprintf(inside, sizeof inside, "/bin/%s", options->words[0]);
    build_root(options, mounted, copy, inside, pipes);
    /* In its own network namespace, every port is the container's: no capability is needed. */
    if (!options->share_network)
        write_text("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    give_up_privileges(options, pipes);

    pid_t program = fork();
    if (program < 0)
        give_up(pipes, "fork");
    if (program == 0)
        become_program(options, pipes, inside);
    close(pipes->executed[1]);
    close(pipes->go[0]);
    /* Our input and output are the program's; held open here, their ends would be noticed too late. */
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    for (;;) {
        pid_t ended = wait(&status); /* also for what the program has left behind */
        if (ended == program) {
            tell(pipes, ENDED, status, "");
            _exit(0);
        }
    }
}

/* User 0 of the container is an unprivileged user outside. False if the host refuses. */
static bool map_users(pid_t pid)
{
    static const char *const files[] = {"uid_map", "gid_map"};
    const unsigned own[] = {geteuid(), getegid()};
    bool mapped = geteuid() == 0;
    char path[64];

    for (int i = 0; mapped && i < 2; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
        mapped = write_text(path, "0 %u 1", SUBORDINATE_ID);
    }
    if (mapped)
        return true;
    /* Rootless: ourselves alone, and only if the container cannot shed groups that forbid something to us. */
    snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
    write_text(path, "deny");
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
        if (!write_text(path, "0 %u 1", own[i]))
            return false;
    }
    return true;
}

/* Whether failures are told on standard error too: where nobody reads the report in time. */
static bool complains_aloud = true;

static _Noreturn void fail(const char *what, int error)
{
    report("failed %s: %s", what, strerror(error));
    if (complains_aloud)
        fprintf(stderr, "contain: %s: %s\n", what, strerror(error));
    exit(FAILED_STATUS);
}

/* The next message, which has to be of that kind. */
static struct message expect(const struct pipes *pipes, enum message_kind kind)
{
    struct message message;
    ssize_t got;

    do
        got = read(pipes->news[0], &message, sizeof message);
    while (got < 0 && errno == EINTR);
    if (got != sizeof message)
        fail("the container's process 1 was killed", ECHILD);
    if (message.kind == FAILED)
        fail(message.what, message.value);
    if (message.kind != kind)
        fail("an inner process spoke out of turn", EPROTO);
    return message;
}

static void let_go_on(const struct pipes *pipes)
{
    if (write(pipes->go[1], "", 1) != 1)
        fail("the container's process 1 is gone", errno);
}

/* As the program ended: by a status, or by a signal. */
static _Noreturn void end_like(int status)
{
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        kill(getpid(), WTERMSIG(status));
    }
    exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static _Noreturn void supervise(const struct options *options, const struct pipes *pipes, pid_t init, int lifeline,
                                pid_t undertaker)
{
    char byte;

    close(pipes->go[0]);
    close(pipes->news[1]);
    close(pipes->executed[1]);
    signal(SIGPIPE, SIG_IGN);
    if (!map_users(init))
        fail("mapping users", errno);
    let_go_on(pipes);
    expect(pipes, IDENTIFIED);
    cgroup_enter(init);
    let_go_on(pipes);
    expect(pipes, READY);
    report("limit RLIMIT_NPROC %lu", options->pids);
    report_container(init, child_of(init));
    if (options->probe)
        exit(0); /* the others go with us */
    report("running");
    let_go_on(pipes);
    while (read(pipes->executed[0], &byte, 1) < 0 && errno == EINTR)
        ;
    report("started");
    int status = expect(pipes, ENDED).value;
    waitpid(init, NULL, 0);
    if (cgroup_out_of_memory()) {
        report("out-of-memory");
        if (complains_aloud)
            fprintf(stderr, "contain: out of memory\n");
    }
    if (undertaker > 0) {
        close(lifeline);
        waitpid(undertaker, NULL, 0);
    }
    end_like(status);
}

static struct options parse(int argc, char **argv)
{
    static const struct option known[] = {
        {"archive", required_argument, NULL, 'a'},  {"report", required_argument, NULL, 'r'},
        {"hostname", required_argument, NULL, 'n'}, {"memory", required_argument, NULL, 'm'},
        {"pids", required_argument, NULL, 'p'},     {"own-system", no_argument, NULL, 'o'},
        {"share-network", no_argument, NULL, 's'},  {"hold", no_argument, NULL, 'h'},
        {"probe", no_argument, NULL, 'b'},          {0}};
    struct options options = {.hostname = "container", .memory = 64, .pids = 256};

    for (int letter; (letter = getopt_long(argc, argv, "+", known, NULL)) >= 0;) {
        switch (letter) {
        case 'a':
            options.archive = optarg;
            break;
        case 'r':
            options.report = optarg;
            break;
        case 'n':
            options.hostname = optarg;
            break;
        case 'm':
            options.memory = strtoul(optarg, NULL, 10);
            break;
        case 'p':
            options.pids = strtoul(optarg, NULL, 10);
            break;
        case 'o':
            options.own_system = true;
            break;
        case 's':
            options.share_network = true;
            break;
        case 'h':
            options.hold = true;
            break;
        case 'b':
            options.probe = true;
            break;
        default:
            exit(FAILED_STATUS);
        }
    }
    if (argc - optind < 2) {
        fprintf(stderr, "usage: contain [OPTIONS] PROGRAM NAME [ARGUMENTS]\n");
        exit(FAILED_STATUS);
    }
    options.program = argv[optind];
    options.words = argv + optind + 1;
    return options;
}

int main(int argc, char **argv)
{
    struct options options = parse(argc, argv);
    struct pipes pipes;
    int lifeline = -1;

    if (options.report && (report_fd = open_given(options.report, O_WRONLY)) < 0)
        fail(options.report, errno);
    complains_aloud = !options.report || options.own_system;
    int copy = open(options.program, O_RDONLY | O_CLOEXEC);
    if (copy < 0)
        fail(options.program, errno);
    if (pipe2(pipes.go, O_CLOEXEC) || pipe2(pipes.news, O_CLOEXEC) || pipe2(pipes.executed, O_CLOEXEC))
        fail("pipe", errno);
    cgroup_make(&options);
    pid_t undertaker = cgroup_start_undertaker(&lifeline);
    /* Like fork, into namespaces of its own. */
    const unsigned long namespaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
                                     (options.share_network ? 0 : CLONE_NEWNET);
    pid_t init = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0);
    if (init < 0)
        fail("making namespaces", errno);
    if (init > 0)
        supervise(&options, &pipes, init, lifeline, undertaker);
    close(pipes.go[1]);
    close(pipes.news[0]);
    close(pipes.executed[0]);
    if (lifeline >= 0)
        close(lifeline);
    if (report_fd >= 0)
        close(report_fd);
    first_process(&options, &pipes, copy);
}
