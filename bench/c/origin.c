/* origin PORT: answers every request head with the same 200 and 100 bytes, keeps connections open, one thread. No request bodies. */
#include "bench.h"

#define MAX_FD 65536
static char bytes[65536];
static unsigned char matched[MAX_FD]; /* how much of the blank line at the end of a head has been seen */
static char answer[512];
static size_t answer_size;

static void make_answer(void) {
  char body[101];
  memset(body, 'x', 100);
  body[100] = 0;
  answer_size = snprintf(answer, sizeof answer,
    "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n%s", body);
}

static int heads_in(int fd, ssize_t count) {
  static const char end[] = "\r\n\r\n";
  int heads = 0;
  unsigned char state = matched[fd];
  for (ssize_t at = 0; at < count; at++) {
    if (bytes[at] == end[state]) state++;
    else state = bytes[at] == '\r' ? 1 : 0;
    if (state == 4) { heads++; state = 0; }
  }
  matched[fd] = state;
  return heads;
}

static void serve(int fd) {
  ssize_t count = read(fd, bytes, sizeof bytes);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) { close(fd); return; }
  for (int heads = heads_in(fd, count); heads > 0; heads--)
    if (send(fd, answer, answer_size, MSG_NOSIGNAL) != (ssize_t)answer_size) { close(fd); return; }
}

static void accept_all(int set, int listener) {
  for (int fd; (fd = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    if (fd >= MAX_FD) { close(fd); continue; }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    matched[fd] = 0;
    watch(set, fd, fd);
  }
}

int main(int count, char **words) {
  if (count < 2) return 2;
  make_answer();
  int listener = listen_on(atoi(words[1]), SOCK_NONBLOCK), set = epoll_create1(EPOLL_CLOEXEC);
  watch(set, listener, listener);
  for (struct epoll_event events[512];;) {
    int ready = epoll_wait(set, events, 512, -1);
    for (int at = 0; at < ready; at++) {
      int fd = events[at].data.u32;
      if (fd == listener) accept_all(set, listener);
      else serve(fd);
    }
  }
}
