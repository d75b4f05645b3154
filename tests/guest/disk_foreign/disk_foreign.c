/* A disk with something else on it is left alone; the rest of the files goes on to work. */
#include "../check.h"
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
    CHECK(open("/data/file", O_WRONLY | O_CREAT, 0644) == -1 && errno == EINVAL);
    CHECK(open("/tmp/file", O_WRONLY | O_CREAT, 0644) >= 0);
    SUCCESS();
}
