/* SPDX-License-Identifier: GPL-2.0-only */
/* A file in flight between two sockets: nobody has it open, and it is. */
#ifndef HYDROPON_TESTS_PASS_H
#define HYDROPON_TESTS_PASS_H

#include <string.h>
/* kmod/lines.h has another bind(). */
#define bind socket_bind
#include <sys/socket.h>
#undef bind

/* Room for a byte and a file. */
struct pass {
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec part;
	struct msghdr message;
};

static inline void pass_init(struct pass *pass)
{
	*pass = (struct pass){ 0 };
	pass->part = (struct iovec){ &pass->byte, 1 };
	pass->message = (struct msghdr){
		.msg_iov = &pass->part, .msg_iovlen = 1, .msg_control = pass->control,
		.msg_controllen = sizeof(pass->control),
	};
}

/* As sendmsg(): 1, or -1 and errno. */
static inline long pass_send(int socket, int fd)
{
	struct cmsghdr *header;
	struct pass pass;

	pass_init(&pass);
	header = CMSG_FIRSTHDR(&pass.message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	return sendmsg(socket, &pass.message, 0);
}

/* The file, or -1. Does not wait. */
static inline int pass_receive(int socket)
{
	struct cmsghdr *header;
	struct pass pass;
	int fd = -1;

	pass_init(&pass);
	if (recvmsg(socket, &pass.message, MSG_DONTWAIT) != 1)
		return -1;
	header = CMSG_FIRSTHDR(&pass.message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(int));
	return fd;
}

#endif
