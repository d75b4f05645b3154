/*
 * workers.c: a web server in the oldest manner: a process for each connection.
 *
 *   workers [PORT]              by default 80
 *
 * GET /status answers. GET /crash has a bug: it writes to address 0. If there can be no second process, the server
 * serves the connection itself. It knows nothing of unikernels.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer(int connection)
{
    char request[1024] = "", response[256], body[64];
    ssize_t length = read(connection, request, sizeof request - 1);

    if (length > 0 && !strncmp(request, "GET /crash ", 11))
        *(volatile int *)0 = 1;
    int size = sprintf(body, "served by process %d\n", getpid());
    size = sprintf(response, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", size, body);
    write(connection, response, (size_t)size);
    close(connection);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(argc > 1 ? (in_port_t)atoi(argv[1]) : 80)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    signal(SIGCHLD, SIG_IGN); /* children that end are nobody's business */
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16))
        return perror("workers"), 1;
    puts("workers: serving");
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        pid_t worker = fork();

        if (worker == 0) {
            answer(connection);
            _exit(0);
        }
        if (worker < 0) {
            perror("workers: fork");
            answer(connection);
        }
        close(connection);
    }
}
