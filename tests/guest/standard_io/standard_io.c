/* The C library's own use of files: streams, directories, temporary files, walks. */
#define _GNU_SOURCE
#include "../check.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static void streams(void)
{
    char line[64];
    FILE *file = fopen("notes", "w");

    CHECK(file && fprintf(file, "first %d\nsecond %s\n", 1, "line") == 20 && ftell(file) == 20 && !fclose(file));
    file = fopen("notes", "a+");
    CHECK(file && fputs("third\n", file) >= 0 && !fseek(file, 6, SEEK_SET) && fgetc(file) == '1');
    rewind(file);
    for (int i = 0; i < 3; i++)
        CHECK(fgets(line, sizeof line, file));
    CHECK(!strcmp(line, "third\n") && !fgets(line, sizeof line, file) && feof(file) && !fclose(file));
    file = fopen("notes", "r+");
    CHECK(file && !fseek(file, -6, SEEK_END) && fputs("THIRD", file) >= 0 && !fflush(file) && ftell(file) == 25);
    CHECK(!fseek(file, 20, SEEK_SET) && fscanf(file, "%63s", line) == 1 && !strcmp(line, "THIRD"));
    file = freopen("other", "w", file);
    CHECK(file && fputs("x", file) >= 0 && !fclose(file));
    CHECK(!fopen("notes", "wx") && errno == EEXIST);
    CHECK(!fopen("nothing", "r") && errno == ENOENT);
    CHECK(!fopen("nothing/at/all", "w") && errno == ENOENT);
    CHECK(!fopen("notes/more", "r") && errno == ENOTDIR);
    CHECK(!rename("notes", "renamed") && !remove("renamed") && !remove("other"));

    /* More than any buffer, in odd pieces. */
    file = fopen("large", "w+");
    for (unsigned i = 0; i < 30000; i++)
        CHECK(fwrite(&i, 3, 1, file) == 1);
    rewind(file);
    for (unsigned i = 0; i < 30000; i++) {
        unsigned got = 0;

        CHECK(fread(&got, 3, 1, file) == 1 && got == i);
    }
    CHECK(fgetc(file) == EOF && !fclose(file) && !truncate("large", 5) && !remove("large"));
}

static void temporary_files(void)
{
    char name[] = "made-XXXXXX", folder[] = "folder-XXXXXX", inner[PATH_MAX];
    FILE *file = tmpfile();

    CHECK(file && fputs("kept", file) >= 0 && !fseek(file, 1, SEEK_SET) && fgetc(file) == 'e' && !fclose(file));
    int fd = mkstemp(name);
    struct stat st;
    CHECK(fd >= 0 && !fstat(fd, &st) && (st.st_mode & 07777) == 0600 && !close(fd) && !unlink(name));
    CHECK(mkdtemp(folder) == folder && !stat(folder, &st) && (st.st_mode & 07777) == 0700);
    snprintf(inner, sizeof inner, "%s/%s", folder, "made-XXXXXX");
    fd = mkostemp(inner, O_CLOEXEC);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && !close(fd) && rmdir(folder) && errno == ENOTEMPTY);
    CHECK(!unlink(inner) && !rmdir(folder));
}

static void current_directory(const char *scratch)
{
    char path[PATH_MAX], real[PATH_MAX], *allocated;

    CHECK(!mkdir("one", 0700) && !mkdir("one/two", 0700) && !chdir("one/two"));
    CHECK(getcwd(path, sizeof path) && !strcmp(path + strlen(path) - 8, "/one/two"));
    allocated = getcwd(NULL, 0);
    CHECK(allocated && !strcmp(allocated, path));
    free(allocated);
    CHECK(!getcwd(path, 5) && errno == ERANGE);
    CHECK(realpath("../.././one//two/..", real) && !strcmp(real + strlen(real) - 4, "/one"));
    CHECK(!symlink("one/two", "../../way") && realpath("../../way", real) &&
          !strcmp(real + strlen(real) - 8, "/one/two"));
    CHECK(!realpath("nothing", real) && errno == ENOENT);

    /* It keeps its place when it is moved, and has none when it is gone. */
    CHECK(!rename("../../one", "../../moved"));
    CHECK(getcwd(path, sizeof path) && !strcmp(path + strlen(path) - 10, "/moved/two"));
    CHECK(!rmdir("../two") && !getcwd(path, sizeof path) && errno == ENOENT);
    CHECK(open("new", O_CREAT | O_WRONLY, 0600) == -1 && errno == ENOENT);
    CHECK(!chdir(scratch) && !rmdir("moved") && !unlink("way"));
    CHECK(!chdir("/") && getcwd(path, sizeof path) && !strcmp(path, "/"));
    CHECK(!chdir("..") && getcwd(path, sizeof path) && !strcmp(path, "/") && !chdir(scratch));
}

static int visited[4];

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)path, (void)st, (void)at;
    visited[type == FTW_F ? 0 : type == FTW_D || type == FTW_DP ? 1 : type == FTW_SL ? 2 : 3]++;
    return type == FTW_DP || type == FTW_F || type == FTW_SL ? remove(path) : 0;
}

static int wanted(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void directories(void)
{
    struct dirent **entries, *entry;
    glob_t found;
    int count = 0;

    CHECK(!mkdir("tree", 0755) && !mkdir("tree/a", 0755) && !mkdir("tree/b", 0755) && !symlink("a", "tree/link"));
    for (int i = 0; i < 10; i++) {
        char name[32];

        sprintf(name, "tree/%c/file%d", 'a' + i % 2, i);
        CHECK(!fclose(fopen(name, "w")));
    }
    CHECK(scandir("tree/a", &entries, wanted, alphasort) == 5);
    for (int i = 0; i < 5; i++) {
        printf("%s type %d\n", entries[i]->d_name, entries[i]->d_type);
        free(entries[i]);
    }
    free(entries);
    CHECK(!glob("tree/*/file[3-6]", 0, NULL, &found) && found.gl_pathc == 6);
    for (size_t i = 0; i < found.gl_pathc; i++)
        puts(found.gl_pathv[i]);
    globfree(&found);

    DIR *directory = opendir("tree/b");
    CHECK(directory && readdir(directory) && readdir(directory) && readdir(directory));
    long here = telldir(directory);
    entry = readdir(directory);
    CHECK(entry);
    char name[NAME_MAX + 1];
    strcpy(name, entry->d_name);
    while (readdir(directory))
        count++;
    CHECK(count == 3);
    seekdir(directory, here);
    entry = readdir(directory);
    CHECK(entry && !strcmp(entry->d_name, name));
    rewinddir(directory);
    for (count = 0; (entry = readdir(directory)); count++)
        if (entry->d_name[0] != '.')
            CHECK(!unlinkat(dirfd(directory), entry->d_name, 0)); /* while it is being read */
    CHECK(count == 7 && !closedir(directory) && !rmdir("tree/b"));
    CHECK(!opendir("tree/link/file0") && errno == ENOTDIR);
    CHECK(!nftw("tree", visit, 8, FTW_PHYS | FTW_DEPTH));
    printf("%d files, %d directories, %d links, %d others\n", visited[0], visited[1], visited[2], visited[3]);
}

int main(void)
{
    char scratch[PATH_MAX];

    CHECK(!chdir(getenv("TMPDIR")) && getcwd(scratch, sizeof scratch));
    streams();
    temporary_files();
    current_directory(scratch);
    directories();
    CHECK(!fopen("/proc/self/exe", "r") || !access("/proc/self", F_OK));
    SUCCESS();
}
