/* What open files do, on a disk. */
#include "../open_files/open_files.c"
