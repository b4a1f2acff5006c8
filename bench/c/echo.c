/* echo PORT: sends back what comes, one thread. For small messages: a peer that does not read holds up everybody. */
#include "bench.h"

static char bytes[262144];

static void accept_all(int set, int listener) {
  for (int fd; (fd = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    watch(set, fd, fd);
  }
}

static void answer(int fd) {
  ssize_t count = read(fd, bytes, sizeof bytes);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  ssize_t sent = 0;
  while (sent < count) {
    ssize_t written = send(fd, bytes + sent, count - sent, MSG_NOSIGNAL);
    if (written > 0) sent += written;
    else if (errno == EAGAIN) poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 1000);
    else if (errno != EINTR) break;
  }
  if (count <= 0 || sent < count) close(fd);
}

int main(int count, char **words) {
  if (count < 2) return 2;
  int listener = listen_on(atoi(words[1]), SOCK_NONBLOCK), set = epoll_create1(EPOLL_CLOEXEC);
  watch(set, listener, listener);
  for (struct epoll_event events[512];;) {
    int ready = epoll_wait(set, events, 512, -1);
    for (int at = 0; at < ready; at++) {
      int fd = events[at].data.u32;
      if (fd == listener) accept_all(set, listener);
      else answer(fd);
    }
  }
}
