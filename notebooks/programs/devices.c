/*
 * devices.c: uses a console, a source of random bytes, a disk and a network card, once each.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    unsigned char bytes[16];
    int console = open("/dev/hvc0", O_WRONLY);
    int diary = open("/data/diary", O_WRONLY | O_CREAT, 0644);
    int mail = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons(9)};

    inet_pton(AF_INET, "10.0.2.2", &host.sin_addr);
    write(console, "hello, host\n", 12);
    getrandom(bytes, sizeof bytes, 0);
    write(diary, "a virtual day\n", 14);
    fsync(diary);
    sendto(mail, "hi", 2, 0, (struct sockaddr *)&host, sizeof host);
    puts("done");
    return 0;
}
