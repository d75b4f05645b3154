/*
 * diary.c: writes twenty days into a file on the disk, and asks each time that it be safe there.
 */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
    int file = open("/data/diary", O_WRONLY | O_CREAT, 0644);

    for (int day = 0; day < 20; day++) {
        write(file, "a virtual day\n", 14);
        fsync(file);
    }
    return 0;
}
