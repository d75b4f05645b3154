/* What the library OS lacks fails with ENOSYS, and the console names it once. */
#include "../check.h"
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    CHECK(syscall(SYS_acct, 0) == -1 && errno == ENOSYS);
    CHECK(syscall(SYS_acct, 0) == -1 && errno == ENOSYS);
    CHECK(syscall(SYS_getpriority, 0, 0) == -1 && errno == ENOSYS);
    CHECK(syscall(999) == -1 && errno == ENOSYS);
    CHECK(syscall(SYS_getpid) == getpid());
    SUCCESS();
}
