/* What the load tools and servers share. Everything is on 127.0.0.1; every failure ends the tool with a message and 1. */
#ifndef BENCH_H
#define BENCH_H
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "failed");
  exit(1);
}

static inline double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static inline struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return address;
}

static inline void set_option(int fd, int level, int name, int value) { setsockopt(fd, level, name, &value, sizeof value); }

/* A listening socket, non-blocking when flags say so. */
static inline int listen_on(int port, int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  struct sockaddr_in address = loopback(port);
  if (bind(fd, (void *)&address, sizeof address) || listen(fd, 4096)) die("listen");
  return fd;
}

/* A connected, blocking socket whose calls give up after five seconds; -1 when the connection failed. */
static inline int dial(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  struct timeval limit = {.tv_sec = 5};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  struct sockaddr_in address = loopback(port);
  if (connect(fd, (void *)&address, sizeof address) == 0) return fd;
  int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

static inline void send_all(int fd, const char *bytes, size_t count) {
  for (size_t sent = 0; sent < count;) {
    ssize_t written = send(fd, bytes + sent, count - sent, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) die("send");
    sent += written;
  }
}

static inline void watch(int set, int fd, int index) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
  if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

/* Delays in steps of 100 ns, up to 400 ms; longer ones count as that. */
#define DELAY_STEPS 4000000
static unsigned delay_counts[DELAY_STEPS];
static long delay_total;

static inline void record_delay(double seconds) {
  long step = (long)(seconds * 1e7);
  delay_counts[step < DELAY_STEPS ? step : DELAY_STEPS - 1]++;
  delay_total++;
}

/* The delay in microseconds that `share` of all recorded ones do not exceed. */
static inline double delay_at(double share) {
  long wanted = (long)(delay_total * share), seen = 0;
  for (long step = 0; step < DELAY_STEPS; step++)
    if ((seen += delay_counts[step]) > wanted) return step / 10.0;
  return DELAY_STEPS / 10.0;
}
#endif
