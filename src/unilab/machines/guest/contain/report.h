/* SPDX-License-Identifier: MIT */
/*
 * report.h: what the supervisor tells of the container: a line for each fact, with "contain " in front, for
 * src/unilab/machines/container_facts.py to read. "what value" may be followed by words to the line's end.
 */
#ifndef CONTAIN_REPORT_H
#define CONTAIN_REPORT_H

#include "common.h"
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>

enum { MOST_FILES = 200, DEPTH = 2 };

static int report_fd = -1;

static void report(const char *format, ...)
{
    char line[PATH_SIZE + 128] = "contain ";
    size_t head = strlen(line);
    va_list more;

    va_start(more, format);
    int length = vsnprintf(line + head, sizeof line - head - 1, format, more);
    va_end(more);
    size_t end = head + (size_t)length < sizeof line - 2 ? head + (size_t)length : sizeof line - 2;
    line[end] = '\n';
    for (size_t at = 0; report_fd >= 0 && at <= end;) {
        ssize_t put = write(report_fd, line + at, end + 1 - at);
        if (put <= 0)
            return;
        at += (size_t)put;
    }
    if (report_fd >= 0 && isatty(report_fd))
        tcdrain(report_fd);
}

/* The host's number of a process's only child; 0 if it has none. */
static pid_t child_of(pid_t pid)
{
    static char text[TEXT_SIZE];
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    read_text(path, text);
    return (pid_t)atoi(text);
}

/* Namespaces by the numbers of their inodes, which is what tells them apart: namespaces(7). */
static void report_namespaces(pid_t pid)
{
    static const char *const kinds[] = {"user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time"};
    char path[64];
    struct stat inside, outside;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kinds[i]);
        if (stat(path, &inside))
            continue;
        snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
        if (!stat(path, &outside))
            report("namespace %s %lu %lu", kinds[i], inside.st_ino, outside.st_ino);
    }
}

static void report_status(pid_t pid)
{
    static const char *const fields[] = {"CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Seccomp_filters", "NSpid"};
    static char text[TEXT_SIZE];
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    read_text(path, text);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            if (!strncmp(line, fields[i], strlen(fields[i])) && line[strlen(fields[i])] == ':')
                report("status %s %s", fields[i],
                       line + strlen(fields[i]) + 1 + strspn(line + strlen(fields[i]) + 1, " \t"));
}

static void report_limits(void)
{
    static const struct {
        const char *name;
        int resource;
    } known[] = {{"RLIMIT_AS", RLIMIT_AS}, {"RLIMIT_CPU", RLIMIT_CPU}, {"RLIMIT_CORE", RLIMIT_CORE}};
    struct rlimit limit;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!getrlimit(known[i].resource, &limit) && limit.rlim_cur != RLIM_INFINITY)
            report("limit %s %lu", known[i].name, (unsigned long)limit.rlim_cur);
}

/* What is in the root directory, but /proc, whose contents are no files. */
static void report_files(const char *outside, const char *inside, int depth, int *left)
{
    char path[PATH_SIZE], name[PATH_SIZE];
    DIR *folder = opendir(outside);
    struct dirent *entry;
    struct stat found;

    while (folder && (entry = readdir(folder))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (snprintf(path, sizeof path, "%s/%s", outside, entry->d_name) >= PATH_SIZE ||
            snprintf(name, sizeof name, "%s/%s", inside, entry->d_name) >= PATH_SIZE || lstat(path, &found))
            continue;
        if (--*left < 0)
            break;
        report("file %o %lld %s", (unsigned)found.st_mode, (long long)found.st_size, name);
        if (S_ISDIR(found.st_mode) && depth > 1 && strcmp(name, "/proc"))
            report_files(path, name, depth - 1, left);
    }
    if (folder)
        closedir(folder);
}

static void report_mounts(pid_t pid)
{
    static char text[TEXT_SIZE];
    char path[64], root[PATH_SIZE], at[PATH_SIZE], options[256];

    snprintf(path, sizeof path, "/proc/%d/mountinfo", pid);
    read_text(path, text);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *type = strstr(line, " - ");
        if (type && sscanf(line, "%*s %*s %*s %4095s %4095s %255s", root, at, options) == 3)
            report("mount %.*s %s %s", (int)strcspn(type + 3, " "), type + 3, options, at);
    }
}

/* All there is to know of a container whose program is about to start. */
static void report_container(pid_t init, pid_t program)
{
    static char text[TEXT_SIZE];
    char path[64];
    int left = MOST_FILES;

    report("process init %d", init);
    report("process program %d", program);
    snprintf(path, sizeof path, "/proc/%d/uid_map", init);
    read_text(path, text);
    unsigned inside, outside, count;
    if (sscanf(text, "%u %u %u", &inside, &outside, &count) == 3)
        report("ids %u %u %u", inside, outside, count);
    report_namespaces(program);
    report_status(program);
    report_limits();
    snprintf(path, sizeof path, "/proc/%d/root", program);
    report_files(path, "", DEPTH, &left);
    report_mounts(program);
}

#endif
