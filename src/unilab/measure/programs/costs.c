/*
 * What do the services of an operating system cost? Each line: what, and the cycles of the host's counter for one of it.
 * The same program runs as a process, in a Linux guest and as a unikernel.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS = 7, CALLS = 2000, TURNS = 500 };

static uint64_t cycles(void)
{
    return __builtin_ia32_rdtsc();
}

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double getpid_call(void)
{
    uint64_t start = cycles();

    for (int i = 0; i < CALLS; i++)
        getpid();
    return (double)(cycles() - start) / CALLS;
}

static double read_byte(void)
{
    static int fd = -1;
    char byte = 'x';

    if (fd < 0) {
        fd = open("/tmp/costs", O_RDWR | O_CREAT | O_TRUNC, 0600);
        if (fd < 0 || write(fd, &byte, 1) != 1)
            fail("/tmp/costs");
        unlink("/tmp/costs");
    }
    uint64_t start = cycles();
    for (int i = 0; i < CALLS; i++)
        if (pread(fd, &byte, 1, 0) != 1)
            fail("pread");
    return (double)(cycles() - start) / CALLS;
}

static void *yields(void *unused)
{
    for (int i = 0; i < TURNS; i++)
        sched_yield();
    return unused;
}

static double in_two_threads(void *(*turns)(void *))
{
    pthread_t threads[2];
    uint64_t start = cycles();

    for (uintptr_t i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, turns, (void *)i))
            fail("pthread_create");
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return (double)(cycles() - start) / (2 * TURNS);
}

static double thread_switch(void)
{
    return in_two_threads(yields);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uintptr_t turn;

static void *takes_turns(void *me)
{
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != (uintptr_t)me)
            pthread_cond_wait(&changed, &mutex);
        turn = !turn;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static double mutex_hand_over(void)
{
    return in_two_threads(takes_turns);
}

static int udp_socket(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)address, sizeof *address) ||
        getsockname(fd, (struct sockaddr *)address, &length))
        fail("socket");
    return fd;
}

static double udp_echo(void)
{
    struct sockaddr_in client_address, server_address;
    int client = udp_socket(&client_address), server = udp_socket(&server_address);
    char message[32] = "ping";
    uint64_t start = cycles();

    for (int i = 0; i < TURNS; i++) {
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        if (sendto(client, message, sizeof message, 0, (struct sockaddr *)&server_address, sizeof server_address) <
            0)
            fail("sendto");
        ssize_t got = recvfrom(server, message, sizeof message, 0, (struct sockaddr *)&from, &length);
        if (sendto(server, message, (size_t)got, 0, (struct sockaddr *)&from, length) < 0)
            fail("sendto");
        if (recv(client, message, sizeof message, 0) != sizeof message)
            fail("recv");
    }
    uint64_t end = cycles();
    close(client);
    close(server);
    return (double)(end - start) / TURNS;
}

int main(void)
{
    static const struct {
        const char *name;
        double (*measure)(void);
    } costs[] = {
        {"getpid", getpid_call},          {"read_byte", read_byte},
        {"thread_switch", thread_switch}, {"mutex_hand_over", mutex_hand_over},
        {"udp_echo", udp_echo},
    };

    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
            printf("%s %.1f\n", costs[i].name, costs[i].measure());
    return 0;
}
