/* bulk serve PORT | bulk up PORT SECONDS | bulk down PORT SECONDS: one connection, one way, as fast as it goes.
   Up counts what the server says has arrived, until it says so; down counts what was read. */
#include "bench.h"

#define CHUNK 131072

static void *serve(void *argument) {
  int fd = (int)(intptr_t)argument;
  char *bytes = calloc(1, CHUNK), way = 0;
  uint64_t total = 0;
  if (read(fd, &way, 1) == 1 && way == 'u') {
    for (ssize_t got; (got = read(fd, bytes, CHUNK)) > 0;) total += got;
    send(fd, &total, sizeof total, MSG_NOSIGNAL);
  } else if (way == 'd') {
    while (send(fd, bytes, CHUNK, MSG_NOSIGNAL) > 0) {}
  }
  free(bytes);
  close(fd);
  return 0;
}

static void serve_for_ever(int port) {
  int listener = listen_on(port, 0);
  for (;;) {
    int fd = accept4(listener, 0, 0, SOCK_CLOEXEC);
    pthread_t thread;
    if (fd < 0) continue;
    if (pthread_create(&thread, 0, serve, (void *)(intptr_t)fd)) close(fd);
    else pthread_detach(thread);
  }
}

static uint64_t send_up(int fd, double end_at) {
  static char bytes[CHUNK];
  uint64_t total = 0;
  send_all(fd, "u", 1);
  while (now() < end_at) send_all(fd, bytes, CHUNK);
  shutdown(fd, SHUT_WR);
  if (recv(fd, &total, sizeof total, MSG_WAITALL) != sizeof total) die("total from the server");
  return total;
}

static uint64_t read_down(int fd, double end_at) {
  static char bytes[2 * CHUNK];
  uint64_t total = 0;
  send_all(fd, "d", 1);
  while (now() < end_at) {
    ssize_t got = read(fd, bytes, sizeof bytes);
    if (got <= 0) die("connection closed early");
    total += got;
  }
  return total;
}

int main(int count, char **words) {
  if (count == 3 && !strcmp(words[1], "serve")) serve_for_ever(atoi(words[2]));
  if (count != 4) return 2;
  int fd = dial(atoi(words[2]));
  if (fd < 0) die("connect");
  double started_at = now(), end_at = started_at + atof(words[3]);
  uint64_t total = words[1][0] == 'u' ? send_up(fd, end_at) : read_down(fd, end_at);
  printf("{\"units\":%llu,\"seconds\":%.6f}\n", (unsigned long long)total, now() - started_at);
}
