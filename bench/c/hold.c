/* hold PORT: keeps connections open. A number on standard input opens that many in all, one byte echoed on each, and is answered with
   the number; `check` echoes a byte on every one again and answers with how many came back. Ends with its input,
   by resets: see conns.c. */
#include "bench.h"

#define MAX_HELD 60000
static int port, held[MAX_HELD], count_held;

static int echoes(int fd) {
  char byte = 'x';
  return send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && read(fd, &byte, 1) == 1;
}

static void open_until(int wanted) {
  struct linger at_once = {1, 0};
  while (count_held < wanted && count_held < MAX_HELD) {
    int fd = dial(port);
    if (fd < 0) die("connect");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (!echoes(fd)) die("echo");
    held[count_held++] = fd;
  }
}

int main(int count, char **words) {
  if (count < 2) return 2;
  port = atoi(words[1]);
  for (char line[64]; fgets(line, sizeof line, stdin);) {
    int answer = 0;
    if (!strncmp(line, "check", 5)) for (int index = 0; index < count_held; index++) answer += echoes(held[index]);
    else { open_until(atoi(line)); answer = count_held; }
    printf("%d\n", answer);
    fflush(stdout);
  }
}
