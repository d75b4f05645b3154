/* SPDX-License-Identifier: MIT */
/*
 * stage.c: the one program of a Linux guest in which many of tests/guest run, one after the other, so that they share a
 * boot. Each finds the world that its unikernel has: a root directory of its own, with /dev and /tmp and what else it
 * asks for, a terminal, a network card with the address it asks for.
 *
 * A line that comes in, "run NAME", runs /stage/NAME/program with the words of argv and environ beside it (each ended
 * by a NUL), the files of root/, and what is in input typed on its terminal, then the end of the file. The answer is
 * "ran NAME STATUS LENGTH" after an empty line, and what the program said. The lines of setup say what it has:
 *
 *     mount TYPE PATH OPTIONS     a file system, on a folder that is made
 *     address ADDRESS MASK        the card's; with "raw" in place of both, it is on, and has none
 *     gateway ADDRESS
 *     refuse NUMBER               a call that fails with ENOSYS (seccomp)
 *     commit PERCENT              so much of the free memory is given out, and no more: malloc() fails
 *     seconds SECONDS             how long it may take: then it is killed
 */
#include "world.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

enum { STATUS_OF_SIGNAL = 128, CONTROL_D = 4, MOST_OUTPUT = 1 << 20, TICK = 20 /* ms */ };

/* A terminal that passes bytes through as they are, but keeps lines together and has an end of the file. */
static int open_terminal(int *inside)
{
    struct termios line;
    int outside = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (outside < 0 || grantpt(outside) || unlockpt(outside))
        fail("a terminal");
    *inside = open(ptsname(outside), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*inside < 0 || tcgetattr(*inside, &line))
        fail("a terminal's inner end");
    cfmakeraw(&line);
    line.c_lflag |= ICANON;
    if (tcsetattr(*inside, TCSANOW, &line))
        fail("a terminal's settings");
    return outside;
}

static void type(int terminal, const struct bytes *input)
{
    if (write(terminal, input->data, input->length) != (ssize_t)input->length ||
        write(terminal, &(char){CONTROL_D}, 1) != 1)
        fail("typing");
}

/* The program's world, then the program. */
static _Noreturn void become(const struct setup *setup, int terminal)
{
    char **argv = words(setup->name, "argv"), **environment = words(setup->name, "environ");
    int program = open(in_folder(setup->name, "program"), O_RDONLY | O_CLOEXEC);

    if (program < 0 || fchmod(program, 0755))
        fail("the program");
    enter_root(setup);
    if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0) || ioctl(terminal, TIOCCONS))
        fail("its terminal");
    refuse_calls(setup);
    for (int fd = 0; fd < 3; fd++)
        if (dup2(terminal, fd) < 0)
            _exit(126);
    fexecve(program, argv, environment);
    printf("the stage cannot execute the program: %s\n", strerror(errno));
    exit(127);
}

static long long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000ll + time.tv_nsec / 1000000;
}

/* As long as what goes to /dev/console comes out of the terminal, that has it open: tty_ioctl(4), TIOCCONS. */
static void take_console_back(void)
{
    int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);

    if (console < 0 || ioctl(console, TIOCCONS))
        fail("/dev/console");
    close(console);
}

/* All that is said until nobody has the terminal open; a program is killed when its time is up. Gives its wait status. */
static int listen_to(int terminal, pid_t program, int seconds, char *said, size_t *length)
{
    long long end = now() + seconds * 1000ll;
    bool ended = false;
    int status = 0;

    *length = 0;
    for (;;) {
        struct pollfd ready = {.fd = terminal, .events = POLLIN};

        if (poll(&ready, 1, ended ? -1 : TICK) == 1) {
            ssize_t n = read(terminal, said + *length, MOST_OUTPUT - *length);
            if (n <= 0 && ended) /* EIO: nobody has the other end open */
                return status;
            *length += n > 0 ? (size_t)n : 0;
        }
        if (!ended && (now() > end || *length == MOST_OUTPUT))
            kill(program, SIGKILL);
        if (!ended && waitpid(program, &status, WNOHANG) == program) {
            ended = true;
            take_console_back();
        }
    }
}

/* The second console passes bytes as they are, for as long as it is kept open. */
static void open_second_console(void)
{
    struct termios line;
    int console = open("/dev/hvc0", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (console < 0 || tcgetattr(console, &line))
        fail("/dev/hvc0");
    cfmakeraw(&line);
    if (tcsetattr(console, TCSANOW, &line))
        fail("/dev/hvc0");
}

static void run(const char *name)
{
    static char said[MOST_OUTPUT];
    int inside, status, outside = open_terminal(&inside);
    size_t length;
    struct setup setup = read_setup(name);
    struct bytes input = contents(in_folder(name, "input"));

    set_network(&setup);
    set_commitment(setup.commit);
    fflush(stdout);
    pid_t program = fork();
    if (program < 0)
        fail("fork");
    if (program == 0)
        become(&setup, inside);
    close(inside);
    type(outside, &input);
    status = listen_to(outside, program, setup.seconds, said, &length);
    close(outside);
    set_commitment(0);
    printf("\nran %s %d %zu\n", name,
           WIFSIGNALED(status) ? STATUS_OF_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status), length);
    fwrite(said, 1, length, stdout);
    fflush(stdout);
}

int main(void)
{
    char line[256];

    mkdir("/dev/pts", 0755);
    if (mount("devpts", "/dev/pts", "devpts", 0, NULL))
        fail("/dev/pts");
    load_drivers();
    open_second_console();
    puts("ready");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "run ", 4))
            fail(line);
        run(line + 4);
    }
    return 0;
}
