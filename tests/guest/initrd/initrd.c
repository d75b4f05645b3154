/* The loader's archive is the root directory: it can be read, and nothing else. /dev and /tmp are there as well. */
#define _GNU_SOURCE
#include "../check.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

static int names(const char *path, char *all)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);

    CHECK(count >= 0);
    *all = 0;
    for (int i = 0; i < count; i++) {
        strcat(strcat(all, entries[i]->d_name), entries[i]->d_type == DT_DIR ? "/ " : " ");
        free(entries[i]);
    }
    free(entries);
    return count;
}

int main(void)
{
    char text[200];
    struct stat st, root;
    struct statvfs fs;

    int fd = open("/hello.txt", O_RDONLY);
    CHECK(fd == 3 && read(fd, text, sizeof text) == 23 && !memcmp(text, "hello from the archive\n", 23));
    CHECK(pread(fd, text, 4, 6) == 4 && !memcmp(text, "from", 4) && pread(fd, text, 9, 23) == 0);
    CHECK(!fstat(fd, &st) && st.st_size == 23 && S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0644);
    char *shared = mmap(0, 23, PROT_READ, MAP_SHARED, fd, 0); /* nobody can change it, so sharing is the same */
    CHECK(shared != MAP_FAILED && !memcmp(shared, "hello", 5) && !close(fd));
    CHECK(!stat("/empty", &st) && st.st_size == 0);
    CHECK(!stat("folder/deeper/three", &st) && st.st_size == 3 && !stat("/", &root) && S_ISDIR(root.st_mode));
    CHECK(!stat("folder/../..", &st) && st.st_ino == root.st_ino && st.st_dev == root.st_dev);

    CHECK(names("/", text) == 7 && !strcmp(text, "./ ../ dev/ empty folder/ hello.txt tmp/ "));
    CHECK(names("/folder", text) == 5 && !strcmp(text, "./ ../ deeper/ one two "));
    CHECK(names("/tmp", text) == 2); /* what the archive has below a mount is hidden */
    CHECK(FAILS(access("/tmp/hidden", F_OK), ENOENT));
    CHECK(!stat("/tmp", &st) && st.st_dev != root.st_dev && !stat("/tmp/..", &st) && st.st_ino == root.st_ino);
    CHECK(!chdir("/tmp") && !chdir("../folder/deeper") && getcwd(text, sizeof text) &&
          !strcmp(text, "/folder/deeper"));
    CHECK(!chdir("/dev") && getcwd(text, sizeof text) && !strcmp(text, "/dev") && !chdir("/"));

    CHECK(FAILS(open("/hello.txt", O_WRONLY), EROFS) && FAILS(open("/hello.txt", O_RDWR), EROFS));
    CHECK(FAILS(open("/hello.txt", O_RDONLY | O_TRUNC), EROFS) &&
          FAILS(open("/new", O_CREAT | O_WRONLY, 0600), EROFS));
    CHECK((fd = open("/hello.txt", O_RDONLY | O_CREAT, 0600)) == 3 && !close(fd));
    CHECK(FAILS(mkdir("/new", 0700), EROFS) && FAILS(mkdir("/folder", 0700), EEXIST) &&
          FAILS(rmdir("/folder"), EROFS));
    CHECK(FAILS(unlink("/empty"), EROFS) && FAILS(rename("/empty", "/new"), EROFS) &&
          FAILS(symlink("a", "/new"), EROFS));
    CHECK(FAILS(rename("/empty", "/tmp/new"), EXDEV) && FAILS(link("/empty", "/tmp/new"), EXDEV));
    CHECK(FAILS(truncate("/empty", 0), EROFS) && FAILS(chmod("/empty", 0600), EROFS));
    CHECK(FAILS(utimensat(AT_FDCWD, "/empty", NULL, 0), EROFS) && FAILS(access("/empty", W_OK), EROFS));
    CHECK(!access("/empty", R_OK) && FAILS(access("/empty", X_OK), EACCES) && FAILS(rmdir("/tmp"), EROFS));
    CHECK(!statvfs("/", &fs) && fs.f_flag & ST_RDONLY && !statvfs("/tmp", &fs) && !(fs.f_flag & ST_RDONLY));
    CHECK(fs.f_blocks > 0 && fs.f_bsize == 4096 && fs.f_namemax == 255);
    CHECK(FAILS(open("/proc/self/exe", O_RDONLY), ENOENT) && FAILS(readlink("/proc/self/exe", text, 9), ENOENT));
    CHECK(FAILS(access("/etc/resolv.conf", F_OK), ENOENT) && FAILS(access("/data", F_OK), ENOENT));
    SUCCESS();
}
