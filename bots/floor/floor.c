/*
 * The floor: what it costs a bare loop to read one small input and to write one
 * frame per client and tick, with raw system calls and nothing else. A server's
 * cost is told as a ratio to it.
 *
 * One thread accepts WebSockets on loopback, answers the handshake, and seats
 * the clients in rooms. The rooms' ticks are spread over the period.
 *
 *   --mode epoll  woken by each input, which is read as it arrives
 *   --mode tick   never woken by inputs; they are read at the tick
 *   --mode write  the frames are written; what comes in is drained once a second
 *
 * Inputs are not looked into. A client that does not take its frame is skipped
 * until it does. Nothing is printed but errors; SIGTERM ends it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 2048, BATCH = 256 };
enum mode { MODE_EPOLL, MODE_TICK, MODE_WRITE };

struct client {
    int fd;         /* -1: a free seat */
    char *request;  /* what has come of the handshake, NULL once it is answered */
    size_t have;    /* bytes in request */
    size_t written; /* bytes of the frame that the socket has taken; 0: whole frames only */
};

static long port = 7777, clients = 1000, room = 10, size = 80, hz = 20;
static enum mode mode = MODE_EPOLL;
static volatile sig_atomic_t stop;
static struct client *seats;
static int poller;
static char scratch[65536];

static void die(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void on_signal(int sig)
{
    (void)sig;
    stop = 1;
}

static int64_t now_ns(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
        die("clock_gettime");
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* SHA-1 of at most 119 bytes (FIPS 180-4). */
static void sha1(const unsigned char *msg, size_t len, unsigned char out[20])
{
    unsigned char block[128] = {0};
    size_t blocks = len + 9 <= 64 ? 1 : 2;
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

    memcpy(block, msg, len);
    block[len] = 0x80;
    for (size_t i = 0; i < 8; i++)
        block[blocks * 64 - 1 - i] = (unsigned char)((uint64_t)len * 8 >> 8 * i);
    for (size_t b = 0; b < blocks; b++) {
        uint32_t w[80], v[5];
        for (int i = 0; i < 16; i++) {
            const unsigned char *p = block + b * 64 + i * 4;
            w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        }
        for (int i = 16; i < 80; i++) {
            uint32_t x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
            w[i] = x << 1 | x >> 31;
        }
        memcpy(v, h, sizeof v);
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20   ? ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5a827999
                         : i < 40 ? (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1
                         : i < 60 ? ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) + 0x8f1bbcdc
                                  : (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6;
            uint32_t next = (v[0] << 5 | v[0] >> 27) + f + v[4] + w[i];
            v[4] = v[3];
            v[3] = v[2];
            v[2] = v[1] << 30 | v[1] >> 2;
            v[1] = v[0];
            v[0] = next;
        }
        for (int i = 0; i < 5; i++)
            h[i] += v[i];
    }
    for (int i = 0; i < 20; i++)
        out[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* Base64 of 20 bytes: 28 characters and a NUL. */
static void base64(const unsigned char in[20], char out[29])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char padded[21] = {0};

    memcpy(padded, in, 20);
    for (int i = 0; i < 7; i++) {
        uint32_t x = (uint32_t)padded[i * 3] << 16 | (uint32_t)padded[i * 3 + 1] << 8 | padded[i * 3 + 2];
        for (int j = 0; j < 4; j++)
            out[i * 4 + j] = digits[x >> (18 - 6 * j) & 63];
    }
    out[27] = '=';
    out[28] = 0;
}

static void drop(struct client *c)
{
    if (close(c->fd) < 0) /* closing also takes it out of the poller */
        die("close");
    free(c->request);
    memset(c, 0, sizeof *c);
    c->fd = -1;
}

/* Answers the handshake in request. Returns -1 if it is none. */
static int answer(struct client *c)
{
    static const char header[] = "\r\nSec-WebSocket-Key:", guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[20];
    char key[24 + sizeof guid], accept[29], reply[160];
    struct epoll_event ev = {.events = mode == MODE_EPOLL ? EPOLLIN : 0, .data.ptr = c};
    char *at = strcasestr(c->request, header);
    int len;

    if (at == NULL)
        return -1;
    at += sizeof header - 1;
    at += strspn(at, " \t");
    if (strcspn(at, " \t\r\n") != 24)
        return -1;
    memcpy(key, at, 24);
    memcpy(key + 24, guid, sizeof guid);
    sha1((unsigned char *)key, 24 + sizeof guid - 1, digest);
    base64(digest, accept);
    len = snprintf(reply, sizeof reply,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                   accept);
    if (send(c->fd, reply, (size_t)len, MSG_NOSIGNAL) != len)
        return -1;
    free(c->request);
    c->request = NULL;
    if (epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &ev) < 0)
        die("epoll_ctl");
    return 0;
}

/* Reads once what a client sent. A client that is gone is dropped. */
static void take(struct client *c)
{
    ssize_t n;

    if (c->request == NULL) {
        n = recv(c->fd, scratch, sizeof scratch, MSG_DONTWAIT);
    } else {
        n = recv(c->fd, c->request + c->have, REQUEST_MAX - 1 - c->have, MSG_DONTWAIT);
        if (n > 0) {
            c->have += (size_t)n;
            c->request[c->have] = 0;
            if (strstr(c->request, "\r\n\r\n") != NULL ? answer(c) < 0 : c->have == REQUEST_MAX - 1)
                n = 0;
        }
    }
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        drop(c);
}

static void welcome(int listener)
{
    struct epoll_event ev = {.events = EPOLLIN};
    struct client *c = seats;
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
            return;
        die("accept");
    }
    while (c < seats + clients && c->fd >= 0)
        c++;
    if (c == seats + clients) {
        fprintf(stderr, "floor: all %ld seats are taken\n", clients);
        close(fd);
        return;
    }
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
        die("setsockopt");
    c->fd = fd;
    c->request = malloc(REQUEST_MAX);
    if (c->request == NULL)
        die("malloc");
    ev.data.ptr = c;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &ev) < 0)
        die("epoll_ctl");
}

/* One tick of one room. */
static void tick(long number, const char *frame, size_t len, int drain)
{
    struct client *end = seats + (number + 1) * room;

    if (end > seats + clients)
        end = seats + clients;
    for (struct client *c = seats + number * room; c < end; c++) {
        ssize_t n;

        if (c->fd < 0 || c->request != NULL)
            continue;
        if (drain) {
            take(c);
            if (c->fd < 0)
                continue;
        }
        n = send(c->fd, frame + c->written, len - c->written, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0)
            c->written = (c->written + (size_t)n) % len;
        else if (errno != EAGAIN && errno != EINTR)
            drop(c);
    }
}

static void usage(const char *wrong)
{
    fprintf(stderr,
            "floor: %s\nusage: floor [--port 7777] [--n CLIENTS] [--room CLIENTS] [--size PAYLOAD]"
            " [--hz TICKS] [--mode epoll|tick|write]\n",
            wrong);
    exit(2);
}

static long number(const char *text, long max)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*text == 0 || *end != 0 || value < 1 || value > max)
        usage(text);
    return value;
}

static void options(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];

        if (value == NULL)
            usage(name);
        if (strcmp(name, "--port") == 0)
            port = number(value, 65535);
        else if (strcmp(name, "--n") == 0)
            clients = number(value, 1000000);
        else if (strcmp(name, "--room") == 0)
            room = number(value, 1000000);
        else if (strcmp(name, "--size") == 0)
            size = number(value, 65535);
        else if (strcmp(name, "--hz") == 0)
            hz = number(value, 1000);
        else if (strcmp(name, "--mode") != 0)
            usage(name);
        else if (strcmp(value, "epoll") == 0)
            mode = MODE_EPOLL;
        else if (strcmp(value, "tick") == 0)
            mode = MODE_TICK;
        else if (strcmp(value, "write") == 0)
            mode = MODE_WRITE;
        else
            usage(value);
    }
}

static int listen_on_loopback(void)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        die("socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
        die("setsockopt");
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
        die("bind");
    if (listen(fd, 4096) < 0)
        die("listen");
    return fd;
}

int main(int argc, char **argv)
{
    struct sigaction act = {.sa_handler = on_signal};
    struct rlimit files;
    struct epoll_event events[BATCH], ev = {.events = EPOLLIN, .data.ptr = NULL};
    int64_t period, start;
    long rooms, step = 0;
    size_t len = 0;
    int listener;
    char *frame;

    options(argc, argv);
    if (sigaction(SIGTERM, &act, NULL) < 0 || sigaction(SIGINT, &act, NULL) < 0)
        die("sigaction");
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        die("getrlimit");
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        die("setrlimit");

    seats = calloc((size_t)clients, sizeof *seats);
    frame = calloc(1, (size_t)size + 4);
    if (seats == NULL || frame == NULL)
        die("calloc");
    for (long i = 0; i < clients; i++)
        seats[i].fd = -1;
    frame[len++] = (char)0x82; /* binary, the only fragment */
    if (size < 126) {
        frame[len++] = (char)size;
    } else {
        frame[len++] = 126;
        frame[len++] = (char)(size >> 8);
        frame[len++] = (char)size;
    }
    len += (size_t)size;

    listener = listen_on_loopback();
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &ev) < 0)
        die("epoll");

    /* Step s is the tick of room s % rooms, due at start + s * period / rooms. */
    rooms = (clients + room - 1) / room;
    period = 1000000000 / hz;
    start = now_ns();
    while (!stop) {
        int64_t now = now_ns(), due;
        int n;

        while ((due = start + step * period / rooms) <= now) {
            int drain = mode == MODE_TICK || (mode == MODE_WRITE && step / rooms % hz == 0);

            tick(step % rooms, frame, len, drain);
            step++;
        }
        now = now_ns();
        if (now - due > period)
            start += now - due; /* hopelessly late: these ticks are lost */
        n = epoll_wait(poller, events, BATCH, due <= now ? 0 : (int)((due - now + 999999) / 1000000));
        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;

            if (c == NULL)
                welcome(listener);
            else
                take(c);
        }
    }
    for (long i = 0; i < clients; i++)
        if (seats[i].fd >= 0)
            drop(&seats[i]);
    free(seats);
    free(frame);
    return 0;
}
