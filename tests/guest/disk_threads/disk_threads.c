/* Threads with files on a disk: other threads run in the middle of every call. */
#define ROUNDS 12
#include "../threads_and_files/threads_and_files.c"
