/* SPDX-License-Identifier: MIT */
/*
 * cgroup.h: a control group (version 2) for the container, with limits, and an undertaker that
 * removes it whatever happens to the supervisor.
 *
 * Source: Linux documentation, "Control Group v2". What a host permits differs, so every limit that could not be set is told
 * with its reason.
 */
#ifndef CONTAIN_CGROUP_H
#define CONTAIN_CGROUP_H

#include "report.h"
#include <dirent.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CGROUP_PREFIX "unilab-"

/* Empty: there is none. */
static char cgroup_path[PATH_SIZE];

/* Where version 2 is mounted. False if it is not. */
static bool cgroup_mount_point(char *out)
{
    static char text[TEXT_SIZE];

    read_text("/proc/self/mountinfo", text);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strstr(line, " - cgroup2 "))
            return sscanf(line, "%*s %*s %*s %*s %4095s", out) == 1;
    return false;
}

/* Whether version 1 has a controller, which version 2 then lacks. */
static bool version_1_has(const char *controller)
{
    static char text[TEXT_SIZE];
    char name[32];
    int hierarchy;

    read_text("/proc/cgroups", text);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (sscanf(line, "%31s %d", name, &hierarchy) == 2 && !strcmp(name, controller))
            return hierarchy != 0;
    return false;
}

/* Groups that a supervisor and its undertaker, both killed, have left behind. */
static void sweep(const char *parent)
{
    char path[PATH_SIZE];
    DIR *folder = opendir(parent);
    struct dirent *entry;
    int pid;

    while (folder && (entry = readdir(folder)))
        if (sscanf(entry->d_name, CGROUP_PREFIX "%d", &pid) == 1 && kill(pid, 0) && errno == ESRCH &&
            snprintf(path, sizeof path, "%s/%s", parent, entry->d_name) < PATH_SIZE)
            rmdir(path); /* refused if a process is left in it */
    if (folder)
        closedir(folder);
}

static bool make_below(const char *parent, bool own_system)
{
    char path[PATH_SIZE];

    sweep(parent);
    /* On a Linux of our own the controllers may be handed down; elsewhere that is for the host's administrator. */
    if (own_system && snprintf(path, sizeof path, "%s/cgroup.subtree_control", parent) < PATH_SIZE)
        write_text(path, "+memory +pids");
    if (snprintf(path, sizeof path, "%s/" CGROUP_PREFIX "%d", parent, getpid()) >= PATH_SIZE || mkdir(path, 0755))
        return false;
    strcpy(cgroup_path, path);
    return true;
}

static void limit(const char *file, const char *controller, unsigned long value)
{
    char path[PATH_SIZE + 32], controller_file[PATH_SIZE + 32];

    snprintf(path, sizeof path, "%s/%s", cgroup_path, file);
    if (write_text(path, "%lu", value)) {
        report("limit %s %lu", file, value);
        return;
    }
    /* Asked first: with the controller, a missing file means that the kernel has no such limit. */
    int error = errno;
    snprintf(controller_file, sizeof controller_file, "%s/%s.max", cgroup_path, controller);
    if (error == ENOENT && !access(controller_file, F_OK))
        report("denied %s this host's kernel has no such limit", file);
    else if (error == ENOENT && version_1_has(controller))
        report("denied %s this host's %s controller belongs to version 1 of control groups", file, controller);
    else if (error == ENOENT)
        report("denied %s this host does not hand the %s controller down to us", file, controller);
    else
        report("denied %s %s", file, strerror(error));
}

/* Make the group, and report what came of it. */
static void cgroup_make(const struct options *options)
{
    static char text[TEXT_SIZE];
    char mount_point[PATH_SIZE], own[PATH_SIZE], *slash;
    const char *why = "control groups of version 2 are not mounted here";

    if (options->own_system) {
        mkdir("/sys/fs/cgroup", 0755);
        if (!cgroup_mount_point(mount_point))
            mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
    }
    read_text("/proc/self/cgroup", text);
    char *line = strstr(text, "0::");
    if (line && cgroup_mount_point(mount_point)) {
        line[strcspn(line, "\n")] = 0;
        bool fits =
            snprintf(own, sizeof own, "%s%s", mount_point, strcmp(line + 3, "/") ? line + 3 : "") < PATH_SIZE;
        /* Beside us, where a session's manager has handed the controllers down; or else below us. */
        slash = strrchr(own, '/');
        if (fits && strlen(own) > strlen(mount_point)) {
            *slash = 0;
            make_below(own, options->own_system);
            *slash = '/';
        }
        if (fits && !*cgroup_path)
            make_below(own, options->own_system);
        why = strerror(errno);
    }
    if (!*cgroup_path) {
        report("denied cgroup no control group can be made here: %s", why);
        return;
    }
    report("cgroup %s", cgroup_path);
    limit("memory.max", "memory", options->memory << 20);
    limit("memory.swap.max", "memory", 0);
    limit("pids.max", "pids", options->pids);
}

/*
 * A process in a session of its own, which waits until the supervisor is gone, by its own will or not, then ends what is
 * left in the group and removes that. Nothing that is meant for the supervisor reaches it.
 */
static pid_t cgroup_start_undertaker(int *lifeline)
{
    int life[2];
    pid_t undertaker;
    char byte, kill_all[PATH_SIZE + 16];

    if (!*cgroup_path || pipe2(life, O_CLOEXEC))
        return -1;
    if ((undertaker = fork()) != 0) {
        close(life[0]);
        *lifeline = life[1];
        return undertaker;
    }
    setsid();
    dup2(life[0], 0);
    syscall(SYS_close_range, 1u, ~0u, 0);
    while (read(0, &byte, 1) < 0 && errno == EINTR)
        ;
    snprintf(kill_all, sizeof kill_all, "%s/cgroup.kill", cgroup_path);
    for (int tries = 0; tries < 10000 && rmdir(cgroup_path) && errno == EBUSY; tries++) {
        write_text(kill_all, "1");
        usleep(1000);
    }
    _exit(0);
}

static void cgroup_enter(pid_t pid)
{
    char path[PATH_SIZE + 16];

    if (!*cgroup_path)
        return;
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup_path);
    if (!write_text(path, "%d", pid)) {
        report("denied cgroup the container's processes may not be moved into a group of their own: %s",
               strerror(errno));
        rmdir(cgroup_path);
        *cgroup_path = 0;
    }
}

/* Whether the kernel ended a process of the group because its memory was used up. */
static bool cgroup_out_of_memory(void)
{
    static char text[TEXT_SIZE];
    char path[PATH_SIZE + 16], *found;

    if (!*cgroup_path)
        return false;
    snprintf(path, sizeof path, "%s/memory.events", cgroup_path);
    read_text(path, text);
    found = strstr(text, "oom_kill ");
    return found && atoi(found + strlen("oom_kill ")) > 0;
}

#endif
