/* A blank disk that cannot be written to has no files and gets none. */
#include "../check.h"
#include <fcntl.h>

int main(void)
{
    CHECK(open("/data/file", O_WRONLY | O_CREAT, 0644) == -1 && errno == EROFS);
    CHECK(open("/data/file", O_RDONLY) == -1 && errno == EROFS);
    SUCCESS();
}
