/* Named semaphores of POSIX as files of a folder, preloaded into a program that is to be dumped.
 *
 * glibc keeps them in /dev/shm, which the next node has not; and most are unlinked as soon as they are made (Python's
 * multiprocessing does), after which their memory is that of a removed file, which cannot be dumped. Here they lie in the folder
 * $ALPSCKPT_SEMAPHORES, and one that is unlinked gets another name in its folder "gone". There it is removed when the last
 * process that is known to use it closes it.
 *
 * Each file has one page: the semaphore, its name in "gone", and the processes that have it open.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define USERS 900

struct page {
    sem_t semaphore;
    char gone[64];
    /* More processes than there is room for: the file stays. */
    atomic_int crowded;
    atomic_int users[USERS];
};
_Static_assert(sizeof(struct page) <= PAGE, "a semaphore has one page");

/* A semaphore that this process has open. */
struct entry {
    struct entry *next;
    struct page *page;
    dev_t device;
    ino_t inode;
    unsigned long times;
};

static struct entry *all;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static void use(struct page *page) {
    int self = getpid();
    for (int i = 0; i < USERS; i++) {
        int none = 0;
        if (atomic_load(&page->users[i]) == self || atomic_compare_exchange_strong(&page->users[i], &none, self)) return;
    }
    atomic_store(&page->crowded, 1);
}

/* This process uses it no more; whether no other does. */
static int leave(struct page *page) {
    int self = getpid(), last = 1;
    for (int i = 0; i < USERS; i++) {
        int user = atomic_load(&page->users[i]);
        if (user == self) {
            atomic_store(&page->users[i], 0);
        } else if (user != 0 && (kill(user, 0) == 0 || errno != ESRCH)) {
            last = 0;
        }
    }
    return last && !atomic_load(&page->crowded);
}

static void before_fork(void) { pthread_mutex_lock(&guard); }
static void after_fork(void) { pthread_mutex_unlock(&guard); }

static void in_child(void) {
    for (struct entry *entry = all; entry; entry = entry->next) use(entry->page);
    pthread_mutex_unlock(&guard);
}

__attribute__((constructor)) static void begin(void) { pthread_atfork(before_fork, after_fork, in_child); }

static int fails(int error) {
    errno = error;
    return -1;
}

/* The file of a name, which begins with one slash and has no other. */
static int path_of(const char *name, char path[PATH_MAX]) {
    const char *folder = getenv("ALPSCKPT_SEMAPHORES");
    if (folder == NULL) return fails(ENOSYS);
    if (*name == '/') name++;
    size_t length = strlen(name);
    if (length == 0 || strchr(name, '/') != NULL) return fails(EINVAL);
    if (length > NAME_MAX - 4) return fails(ENAMETOOLONG);
    if (snprintf(path, PATH_MAX, "%s/sem.%s", folder, name) >= PATH_MAX) return fails(ENAMETOOLONG);
    return 0;
}

static int in_gone(const char *name, char path[PATH_MAX]) {
    const char *folder = getenv("ALPSCKPT_SEMAPHORES");
    if (folder == NULL) return fails(ENOSYS);
    return snprintf(path, PATH_MAX, "%s/gone/%s", folder, name) >= PATH_MAX ? fails(ENAMETOOLONG) : 0;
}

/* Writes all of a page to a new file. */
static int fill(int file, const void *page) {
    const char *rest = page;
    for (size_t left = PAGE; left > 0;) {
        ssize_t done = write(file, rest, left);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return -1;
        rest += done;
        left -= (size_t)done;
    }
    return 0;
}

/* Makes the file under another name and then gives it its own, so that nobody sees it half made. */
static int make(const char *path, mode_t mode, unsigned int value) {
    static atomic_uint number;
    char other[PATH_MAX];
    union {
        struct page page;
        char bytes[PAGE];
    } first;
    memset(&first, 0, sizeof first);
    if (sem_init(&first.page.semaphore, 1, value) != 0) return -1;
    unsigned int turn = atomic_fetch_add(&number, 1);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char name[64];
    snprintf(name, sizeof name, "new.%d.%u.%ld", getpid(), turn, now.tv_nsec);
    if (in_gone(name, other) != 0) return -1;
    int file = open(other, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
    if (file < 0) return -1;
    int result = fill(file, &first);
    if (close(file) != 0) result = -1;
    if (result == 0) {
        result = link(other, path);
        /* A disk without hard links. */
        if (result != 0 && (errno == EPERM || errno == EOPNOTSUPP || errno == EXDEV))
            result = renameat2(AT_FDCWD, other, AT_FDCWD, path, RENAME_NOREPLACE);
    }
    int error = errno;
    unlink(other);
    errno = error;
    return result;
}

/* Maps the file of a path, or finds the mapping that is there. */
static sem_t *map(const char *path) {
    int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return SEM_FAILED;
    struct stat facts;
    sem_t *result = SEM_FAILED;
    int error = 0;
    if (fstat(file, &facts) != 0) {
        error = errno;
    } else if (!S_ISREG(facts.st_mode) || facts.st_size != PAGE) {
        error = EINVAL;
    } else {
        struct entry *entry = all;
        while (entry && (entry->device != facts.st_dev || entry->inode != facts.st_ino)) entry = entry->next;
        if (entry) {
            entry->times++;
            result = &entry->page->semaphore;
        } else if ((entry = malloc(sizeof *entry)) == NULL) {
            error = ENOMEM;
        } else {
            entry->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            if (entry->page == MAP_FAILED) {
                error = errno;
                free(entry);
            } else {
                entry->device = facts.st_dev;
                entry->inode = facts.st_ino;
                entry->times = 1;
                entry->next = all;
                all = entry;
                use(entry->page);
                result = &entry->page->semaphore;
            }
        }
    }
    close(file);
    if (result == SEM_FAILED) errno = error;
    return result;
}

sem_t *sem_open(const char *name, int flags, ...) {
    char path[PATH_MAX];
    if (path_of(name, path) != 0) return SEM_FAILED;
    mode_t mode = 0;
    unsigned int value = 0;
    if (flags & O_CREAT) {
        va_list more;
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        value = va_arg(more, unsigned int);
        va_end(more);
    }
    pthread_mutex_lock(&guard);
    sem_t *semaphore = SEM_FAILED;
    /* Another process may make or unlink it in between. */
    for (int tries = 0; tries < 100; tries++) {
        int made = 0;
        if (flags & O_CREAT) {
            made = make(path, mode, value) == 0;
            if (!made && (errno != EEXIST || (flags & O_EXCL))) break;
        }
        semaphore = map(path);
        if (semaphore != SEM_FAILED || errno != ENOENT || !(flags & O_CREAT)) break;
    }
    pthread_mutex_unlock(&guard);
    return semaphore;
}

int sem_close(sem_t *semaphore) {
    pthread_mutex_lock(&guard);
    struct entry **at = &all;
    while (*at && &(*at)->page->semaphore != semaphore) at = &(*at)->next;
    struct entry *entry = *at;
    if (entry && --entry->times == 0) {
        char path[PATH_MAX], name[sizeof entry->page->gone];
        *at = entry->next;
        memcpy(name, entry->page->gone, sizeof name);
        name[sizeof name - 1] = 0;
        int last = leave(entry->page);
        if (last && name[0] && !strchr(name, '/') && in_gone(name, path) == 0) unlink(path);
        munmap(entry->page, PAGE);
        free(entry);
    }
    pthread_mutex_unlock(&guard);
    return entry ? 0 : fails(EINVAL);
}

int sem_unlink(const char *name) {
    static atomic_uint number;
    char path[PATH_MAX], other[PATH_MAX], gone[sizeof ((struct page *)0)->gone] = {0};
    if (path_of(name, path) != 0) return fails(errno == EINVAL ? ENOENT : errno);
    int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return -1;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(gone, sizeof gone, "%d.%u.%lld.%ld", getpid(), atomic_fetch_add(&number, 1), (long long)now.tv_sec, now.tv_nsec);
    int result = in_gone(gone, other);
    if (result == 0 && pwrite(file, gone, sizeof gone, offsetof(struct page, gone)) != (ssize_t)sizeof gone) result = -1;
    if (result == 0) result = rename(path, other);
    int error = errno;
    close(file);
    return result == 0 ? 0 : fails(error);
}
