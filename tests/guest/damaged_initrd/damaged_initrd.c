/* An initrd that is no archive is said to be none, once, and the root directory is empty. */
#include "../check.h"
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
    struct stat st;

    CHECK(!stat("/", &st) && S_ISDIR(st.st_mode));
    CHECK(access("/hello.txt", F_OK) && errno == ENOENT);
    CHECK(!mkdir("/tmp/usable", 0700));
    SUCCESS();
}
