/* What open files do: positions, appending, vectors, holes, copies of descriptors, flags. */
#define _GNU_SOURCE
#include "../check.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

static char buf[64];

#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

static void reading_and_writing(void)
{
    struct stat st;
    int fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0644);

    CHECK(fd == 3 && read(fd, buf, 8) == 0 && lseek(fd, 0, SEEK_END) == 0);
    CHECK(write(fd, "hello, world", 12) == 12 && lseek(fd, 0, SEEK_CUR) == 12 && read(fd, buf, 8) == 0);
    CHECK(pread(fd, buf, 5, 7) == 5 && !memcmp(buf, "world", 5) && lseek(fd, 0, SEEK_CUR) == 12);
    CHECK(pwrite(fd, "W", 1, 7) == 1 && lseek(fd, 5, SEEK_SET) == 5);
    CHECK(read(fd, buf, sizeof buf) == 7 && !memcmp(buf, ", World", 7) && read(fd, buf, 1) == 0);
    CHECK(pread(fd, buf, 1, 12) == 0 && pread(fd, buf, 1, 1000000) == 0);
    CHECK(FAILS(pread(fd, buf, 1, -1), EINVAL) && FAILS(pwrite(fd, "x", 1, -1), EINVAL));
    CHECK(FAILS(lseek(fd, -13, SEEK_END), EINVAL) && FAILS(lseek(fd, 0, 77), EINVAL));
    CHECK(write(fd, "", 0) == 0 && read(fd, buf, 0) == 0);
    CHECK(!fstat(fd, &st) && st.st_size == 12 && S_ISREG(st.st_mode) && st.st_nlink == 1);

    /* A hole reads as zeros. */
    CHECK(lseek(fd, 20000, SEEK_SET) == 20000 && write(fd, "end", 3) == 3);
    CHECK(pread(fd, buf, 4, 11) == 4 && !memcmp(buf, "d\0\0\0", 4));
    CHECK(pread(fd, buf, 5, 19998) == 5 && !memcmp(buf, "\0\0end", 5));
    CHECK(!fstat(fd, &st) && st.st_size == 20003);

    /* What was cut off does not come back. */
    CHECK(!ftruncate(fd, 3) && lseek(fd, 0, SEEK_CUR) == 20003 && pread(fd, buf, 9, 0) == 3);
    CHECK(!ftruncate(fd, 20003) && pread(fd, buf, 5, 1) == 5 && !memcmp(buf, "el\0\0\0", 5));
    CHECK(pread(fd, buf, 3, 20000) == 3 && !memcmp(buf, "\0\0", 3));
    CHECK(FAILS(ftruncate(fd, -1), EINVAL) && !ftruncate(fd, 0) && read(fd, buf, 1) == 0);
    CHECK(!fsync(fd) && !fdatasync(fd) && !close(fd) && FAILS(close(fd), EBADF));
}

static void appending(void)
{
    int fd = open("b", O_WRONLY | O_CREAT | O_APPEND, 0644), other = open("b", O_RDWR);

    CHECK(fd >= 0 && other >= 0);
    CHECK(write(fd, "12", 2) == 2 && write(other, "ab", 2) == 2 && write(other, "cd", 2) == 2);
    CHECK(write(fd, "34", 2) == 2 && lseek(fd, 0, SEEK_CUR) == 6);
    CHECK(pwrite(fd, "56", 2, 0) == 2); /* appends all the same: pwrite(2), BUGS */
    CHECK(pread(other, buf, sizeof buf, 0) == 8 && !memcmp(buf, "abcd3456", 8));
    CHECK(FAILS(read(fd, buf, 1), EBADF) && FAILS(pread(fd, buf, 1, 0), EBADF));

    /* The flag can be taken away, and access modes cannot be changed. */
    CHECK((fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_WRONLY | O_APPEND));
    CHECK(!fcntl(fd, F_SETFL, O_RDWR) && (fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) == O_WRONLY);
    CHECK(pwrite(fd, "A", 1, 0) == 1 && pread(other, buf, 2, 0) == 2 && !memcmp(buf, "Ab", 2));
    CHECK(!close(fd) && !close(other));
    fd = open("b", O_RDONLY);
    CHECK(FAILS(write(fd, "x", 1), EBADF) && FAILS(pwrite(fd, "x", 1, 0), EBADF) &&
          FAILS(ftruncate(fd, 0), EINVAL));
    CHECK(!fsync(fd) && !close(fd));
}

static void vectors(void)
{
    char one[3], two[5];
    struct iovec out[] = {{"abc", 3}, {"", 0}, {"defgh", 5}, {"ij", 2}}, in[] = {{one, 3}, {two, 5}};
    int fd = open("c", O_RDWR | O_CREAT | O_TRUNC, 0644);

    CHECK(writev(fd, out, 4) == 10 && lseek(fd, 1, SEEK_SET) == 1);
    CHECK(readv(fd, in, 2) == 8 && !memcmp(one, "bcd", 3) && !memcmp(two, "efghi", 5));
    CHECK(readv(fd, in, 2) == 1 && one[0] == 'j' && readv(fd, in, 2) == 0 && lseek(fd, 0, SEEK_CUR) == 10);
    CHECK(preadv(fd, in, 2, 2) == 8 && !memcmp(one, "cde", 3) && pwritev(fd, out, 1, 9) == 3);
    CHECK(lseek(fd, 0, SEEK_CUR) == 10 && lseek(fd, 0, SEEK_END) == 12);
    CHECK(FAILS(readv(fd, in, -1), EINVAL) && FAILS(writev(fd, out, -1), EINVAL) && readv(fd, in, 0) == 0);
    CHECK(!close(fd));
}

static void descriptors(void)
{
    int fd = open("c", O_RDONLY), copy = dup(fd);

    /* Copies share the position; another open() does not. */
    CHECK(copy == fd + 1 && read(fd, buf, 2) == 2 && lseek(copy, 0, SEEK_CUR) == 2);
    int other = open("c", O_RDONLY);
    CHECK(other == copy + 1 && lseek(other, 0, SEEK_CUR) == 0 && read(other, buf, 1) == 1 && buf[0] == 'a');
    CHECK(dup2(fd, other) == other && lseek(other, 0, SEEK_CUR) == 2 && dup2(fd, fd) == fd);
    CHECK(FAILS(dup2(99, 5), EBADF) && FAILS(dup2(fd, -1), EBADF) && FAILS(dup2(99, 99), EBADF));
    CHECK(dup3(fd, 50, O_CLOEXEC) == 50 && fcntl(50, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFD) == 0);
    CHECK(FAILS(dup3(fd, fd, 0), EINVAL) && FAILS(dup3(fd, 51, O_APPEND), EINVAL));
    CHECK(fcntl(fd, F_DUPFD, 40) == 40 && fcntl(fd, F_DUPFD, 40) == 41 && fcntl(fd, F_DUPFD_CLOEXEC, 40) == 42);
    CHECK(fcntl(41, F_GETFD) == 0 && fcntl(42, F_GETFD) == FD_CLOEXEC);
    CHECK(!fcntl(41, F_SETFD, FD_CLOEXEC) && fcntl(41, F_GETFD) == FD_CLOEXEC && !fcntl(41, F_SETFD, 0));
    CHECK(FAILS(fcntl(fd, F_DUPFD, -1), EINVAL) && FAILS(fcntl(99, F_GETFD), EBADF));
    CHECK(!close(fd) && read(copy, buf, 1) == 1 && buf[0] == 'c' && lseek(50, 0, SEEK_CUR) == 3);
    for (int i = 40; i < 43; i++)
        CHECK(!close(i));
    CHECK(!close(copy) && !close(other) && !close(50));
    fd = open("c", O_RDONLY | O_CLOEXEC);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && !(fcntl(fd, F_GETFL) & O_CLOEXEC) && !close(fd));
}

static void unlinked_but_open(void)
{
    struct stat st;
    int fd = open("gone", O_RDWR | O_CREAT, 0600);

    CHECK(write(fd, "still here", 10) == 10 && !unlink("gone") && FAILS(access("gone", F_OK), ENOENT));
    CHECK(!fstat(fd, &st) && st.st_nlink == 0 && st.st_size == 10 && (st.st_mode & 0777) == 0600);
    CHECK(pread(fd, buf, 10, 0) == 10 && !memcmp(buf, "still here", 10) && write(fd, "!", 1) == 1);
    int again = open("gone", O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(again >= 0 && read(again, buf, 1) == 0 && !close(again) && !unlink("gone"));
    CHECK(pread(fd, buf, 11, 0) == 11 && buf[10] == '!' && !close(fd));

    /* The same when another file takes its name. */
    fd = open("old", O_RDWR | O_CREAT, 0600);
    CHECK(write(fd, "old", 3) == 3 && !rename("c", "old") && pread(fd, buf, 9, 0) == 3 && !memcmp(buf, "old", 3));
    CHECK(!fstat(fd, &st) && st.st_nlink == 0 && !close(fd) && !stat("old", &st) && st.st_size == 12);

    /* A directory that is gone is empty for good. */
    CHECK(!mkdir("folder", 0700));
    int folder = open("folder", O_RDONLY | O_DIRECTORY);
    CHECK(folder >= 0 && !rmdir("folder") && FAILS(openat(folder, "x", O_CREAT | O_WRONLY, 0600), ENOENT));
    CHECK(FAILS(mkdirat(folder, "x", 0700), ENOENT) && FAILS(symlinkat("y", folder, "x"), ENOENT));
    CHECK(FAILS(renameat(AT_FDCWD, "old", folder, "x"), ENOENT) && !close(folder));
}

static void directories(void)
{
    struct stat st, parent;

    CHECK(!mkdir("d", 0755));
    int d = open("d", O_RDONLY);
    CHECK(d >= 0 && FAILS(read(d, buf, 1), EISDIR) && FAILS(write(d, "x", 1), EBADF) &&
          FAILS(pread(d, buf, 1, 0), EISDIR));
    CHECK(FAILS(ftruncate(d, 0), EINVAL) && !fsync(d));
    int fd = openat(d, "x", O_CREAT | O_WRONLY, 0644);
    CHECK(fd >= 0 && !close(fd) && !fstatat(d, "x", &st, 0) && S_ISREG(st.st_mode));
    CHECK(!mkdirat(d, "sub", 0700) && !stat("d", &parent) && parent.st_nlink >= 1);
    CHECK(!faccessat(d, "sub", F_OK, 0) && !renameat(d, "x", d, "y") && FAILS(faccessat(d, "x", F_OK, 0), ENOENT));
    CHECK(!fstat(d, &st) && st.st_ino == parent.st_ino && st.st_dev == parent.st_dev);
    CHECK(!fstatat(d, "sub/..", &st, 0) && st.st_ino == parent.st_ino);
    CHECK(!unlinkat(d, "y", 0) && !unlinkat(d, "sub", AT_REMOVEDIR) && !rmdir("d") && !close(d));
    fd = open("b", O_RDONLY);
    CHECK(FAILS(openat(fd, "x", O_RDONLY), ENOTDIR) && FAILS(fchdir(fd), ENOTDIR) && FAILS(fchdir(99), EBADF));
    CHECK(!close(fd) && FAILS(openat(99, "x", O_RDONLY), EBADF));
    CHECK(openat(99, "/", O_RDONLY) >= 0 && !close(3)); /* an absolute path looks at no descriptor */
}

static void attributes(void)
{
    struct stat st;
    struct timespec times[2] = {{1000, 0}, {1234567890, 987654321}};
    int fd = open("m", O_RDWR | O_CREAT, 0777);

    CHECK(!fstat(fd, &st) && (st.st_mode & 07777) == 0755);
    CHECK(!fchmod(fd, 0600) && !stat("m", &st) && st.st_mode == (S_IFREG | 0600));
    CHECK(!chmod("m", 04711) && !fstat(fd, &st) && st.st_mode == (S_IFREG | 04711));
    CHECK(umask(077) == 022 && umask(022) == 077);
    CHECK(!utimensat(AT_FDCWD, "m", times, 0) && !fstat(fd, &st));
    CHECK(st.st_mtim.tv_sec == 1234567890 && st.st_mtim.tv_nsec == 987654321);
    times[1].tv_nsec = UTIME_OMIT;
    CHECK(!futimens(fd, times) && !fstat(fd, &st) && st.st_mtim.tv_sec == 1234567890);

    /* Writing changes the time, reading does not. */
    CHECK(read(fd, buf, 1) == 0 && !fstat(fd, &st) && st.st_mtim.tv_sec == 1234567890);
    CHECK(write(fd, "x", 1) == 1 && !fstat(fd, &st) && st.st_mtim.tv_sec > 1700000000);
    struct stat again;
    CHECK(!stat("m", &again) && !memcmp(&st.st_mtim, &again.st_mtim, sizeof st.st_mtim));
    CHECK(!fchown(fd, (uid_t)-1, (gid_t)-1) && !close(fd));
    CHECK(FAILS(chmod("nothing", 0600), ENOENT) && FAILS(fchmod(99, 0600), EBADF));
}

static void copying(void)
{
    off_t at = 1, to = 2;
    int in = open("b", O_RDONLY), out = open("copy", O_RDWR | O_CREAT, 0600), fds[2];

    CHECK(lseek(in, 0, SEEK_END) == 8);
    CHECK(sendfile(out, in, &at, 3) == 3 && at == 4 && lseek(in, 0, SEEK_CUR) == 8);
    CHECK(lseek(in, 6, SEEK_SET) == 6 && sendfile(out, in, NULL, 100) == 2 && lseek(in, 0, SEEK_CUR) == 8);
    CHECK(sendfile(out, in, NULL, 100) == 0);
    CHECK(pread(out, buf, 9, 0) == 5 && !memcmp(buf, "bcd56", 5));
    at = 0;
    CHECK(copy_file_range(in, &at, out, &to, 4, 0) == 4 && at == 4 && to == 6);
    CHECK(pread(out, buf, 9, 0) == 6 && !memcmp(buf, "bcAbcd", 6));
    CHECK(FAILS(copy_file_range(in, &at, out, &to, 4, 1), EINVAL) && FAILS(sendfile(in, out, NULL, 1), EBADF));
    CHECK(FAILS(sendfile(out, 99, NULL, 1), EBADF) && !pipe(fds));
    at = 0;
    CHECK(sendfile(fds[1], in, &at, 8) == 8 && read(fds[0], buf, 9) == 8 && !memcmp(buf, "Abcd3456", 8));
    CHECK(FAILS(lseek(fds[0], 0, SEEK_SET), ESPIPE) && FAILS(pread(fds[0], buf, 1, 0), ESPIPE));
    CHECK(FAILS(ftruncate(fds[1], 0), EINVAL) && FAILS(fsync(fds[0]), EINVAL));
    CHECK(!close(fds[0]) && !close(fds[1]) && !close(in) && !close(out));
}

static void locks_and_advice(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open("b", O_RDWR);

    CHECK(!flock(fd, LOCK_EX | LOCK_NB) && !flock(fd, LOCK_UN) && FAILS(flock(fd, 77), EINVAL) &&
          FAILS(flock(99, LOCK_SH), EBADF));
    CHECK(!fcntl(fd, F_SETLK, &lock) && !fcntl(fd, F_GETLK, &lock) && lock.l_type == F_UNLCK &&
          !lockf(fd, F_ULOCK, 0));
    CHECK(!posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL) && posix_fadvise(fd, 0, 0, 77) == EINVAL);
    CHECK(posix_fadvise(99, 0, 0, POSIX_FADV_NORMAL) == EBADF && !close(fd));
}

static void without_one(void)
{
    struct stat st;
    struct statfs fs;

    CHECK(FAILS(read(99, buf, 1), EBADF) && FAILS(write(-1, buf, 1), EBADF) &&
          FAILS(lseek(99, 0, SEEK_SET), EBADF));
    CHECK(FAILS(fstat(99, &st), EBADF) && FAILS(ftruncate(99, 0), EBADF) && FAILS(fsync(99), EBADF));
    CHECK(FAILS(readv(99, NULL, 0), EBADF) && FAILS(fstatfs(99, &fs), EBADF) && FAILS(syncfs(99), EBADF));
    CHECK(!statfs(".", &fs) && fs.f_bsize > 0 && fs.f_bfree <= fs.f_blocks &&
          FAILS(statfs("nothing", &fs), ENOENT));
    sync();
}

int main(void)
{
    CHECK(!chdir(getenv("TMPDIR")));
    umask(022);
    reading_and_writing();
    appending();
    vectors();
    descriptors();
    unlinked_but_open();
    directories();
    attributes();
    copying();
    locks_and_advice();
    without_one();
    CHECK(!unlink("a") && !unlink("b") && !unlink("old") && !unlink("m") && !unlink("copy"));
    CHECK(open(".", O_RDONLY) == 3); /* nothing was left open */
    SUCCESS();
}
