/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every message of 9P2000.L and of our own dialect: fields, and the bytes behind size, type and tag, written from the
 * protocol's description and not by our encoder.  Payloads are bytes 0xdd.
 */
#ifndef TESTS_UNIT_P9_SAMPLES_H
#define TESTS_UNIT_P9_SAMPLES_H

#include "p9/msg.h"

#define S(literal) {(literal), sizeof(literal) - 1}

static const struct {
    struct p9_msg msg;
    const char *body;
} samples[] = {
    {{.type = P9_RLERROR, .tag = 0x1234, .rlerror = {.ecode = 0x14131211}},
     "11121314"},
    {{.type = P9_TSTATFS, .tag = 0x1234, .fid = 0x24232221},
     "21222324"},
    {{.type = P9_RSTATFS, .tag = 0x1234, .rstatfs = {.type = 0x34333231, .bsize = 0x44434241,
      .blocks = 0x5857565554535251, .bfree = 0x6867666564636261, .bavail = 0x7877767574737271, .files
      = 0x8887868584838281, .ffree = 0x9897969594939291, .fsid = 0xa8a7a6a5a4a3a2a1, .namelen =
      0xb4b3b2b1}},
     "3132333441424344515253545556575861626364656667687172737475767778818283848586878891929394"
     "95969798a1a2a3a4a5a6a7a8b1b2b3b4"},
    {{.type = P9_TLOPEN, .tag = 0x1234, .tlopen = {.fid = 0xc4c3c2c1, .flags = 0xd4d3d2d1}},
     "c1c2c3c4d1d2d3d4"},
    {{.type = P9_RLOPEN, .tag = 0x1234, .ropen = {.qid = {128, 0xe4e3e2e1, 0xf8f7f6f5f4f3f2f1},
      .iounit = 0x4030201}},
     "80e1e2e3e4f1f2f3f4f5f6f7f801020304"},
    {{.type = P9_TLCREATE, .tag = 0x1234, .tlcreate = {.fid = 0x14131211, .name = S("new"),
      .flags = 0x24232221, .mode = 0x34333231, .gid = 0x44434241}},
     "1112131403006e6577212223243132333441424344"},
    {{.type = P9_RLCREATE, .tag = 0x1234, .ropen = {.qid = {128, 0x54535251,
      0x6867666564636261}, .iounit = 0x74737271}},
     "8051525354616263646566676871727374"},
    {{.type = P9_TSYMLINK, .tag = 0x1234, .tsymlink = {.fid = 0x84838281, .name = S("link"),
      .target = S("to/there"), .gid = 0x94939291}},
     "8182838404006c696e6b0800746f2f746865726591929394"},
    {{.type = P9_RSYMLINK, .tag = 0x1234, .rqid = {.qid = {128, 0xa4a3a2a1,
      0xb8b7b6b5b4b3b2b1}}},
     "80a1a2a3a4b1b2b3b4b5b6b7b8"},
    {{.type = P9_TMKNOD, .tag = 0x1234, .tmknod = {.fid = 0xc4c3c2c1, .name = S("null"), .mode =
      0xd4d3d2d1, .major = 0xe4e3e2e1, .minor = 0xf4f3f2f1, .gid = 0x4030201}},
     "c1c2c3c404006e756c6cd1d2d3d4e1e2e3e4f1f2f3f401020304"},
    {{.type = P9_RMKNOD, .tag = 0x1234, .rqid = {.qid = {128, 0x14131211, 0x2827262524232221}}},
     "80111213142122232425262728"},
    {{.type = P9_TRENAME, .tag = 0x1234, .trename = {.fid = 0x34333231, .dfid = 0x44434241,
      .name = S("x")}},
     "3132333441424344010078"},
    {{.type = P9_RRENAME, .tag = 0x1234},
     ""},
    {{.type = P9_TREADLINK, .tag = 0x1234, .fid = 0x54535251},
     "51525354"},
    {{.type = P9_RREADLINK, .tag = 0x1234, .rreadlink = {.target = S("../away")}},
     "07002e2e2f61776179"},
    {{.type = P9_TGETATTR, .tag = 0x1234, .tgetattr = {.fid = 0x64636261, .mask =
      0x7877767574737271}},
     "616263647172737475767778"},
    {{.type = P9_RGETATTR, .tag = 0x1234, .rgetattr = {.valid = 0x8887868584838281, .qid = {128,
      0x94939291, 0xa8a7a6a5a4a3a2a1}, .mode = 0xb4b3b2b1, .uid = 0xc4c3c2c1, .gid = 0xd4d3d2d1,
      .nlink = 0xe8e7e6e5e4e3e2e1, .rdev = 0xf8f7f6f5f4f3f2f1, .size = 0x807060504030201, .blksize =
      0x1817161514131211, .blocks = 0x2827262524232221, .atime = {0x3837363534333231,
      0x4847464544434241}, .mtime = {0x5857565554535251, 0x6867666564636261}, .ctime =
      {0x7877767574737271, 0x8887868584838281}, .btime = {0x9897969594939291, 0xa8a7a6a5a4a3a2a1},
      .gen = 0xb8b7b6b5b4b3b2b1, .data_version = 0xc8c7c6c5c4c3c2c1}},
     "81828384858687888091929394a1a2a3a4a5a6a7a8b1b2b3b4c1c2c3c4d1d2d3d4e1e2e3e4e5e6e7e8f1f2f3"
     "f4f5f6f7f8010203040506070811121314151617182122232425262728313233343536373841424344454647"
     "4851525354555657586162636465666768717273747576777881828384858687889192939495969798a1a2a3"
     "a4a5a6a7a8b1b2b3b4b5b6b7b8c1c2c3c4c5c6c7c8"},
    {{.type = P9_TSETATTR, .tag = 0x1234, .tsetattr = {.fid = 0xd4d3d2d1, .valid = 0xe4e3e2e1,
      .mode = 0xf4f3f2f1, .uid = 0x4030201, .gid = 0x14131211, .size = 0x2827262524232221, .atime =
      {0x3837363534333231, 0x4847464544434241}, .mtime = {0x5857565554535251, 0x6867666564636261}}},
     "d1d2d3d4e1e2e3e4f1f2f3f40102030411121314212223242526272831323334353637384142434445464748"
     "51525354555657586162636465666768"},
    {{.type = P9_RSETATTR, .tag = 0x1234},
     ""},
    {{.type = P9_TXATTRWALK, .tag = 0x1234, .txattrwalk = {.fid = 0x74737271, .newfid =
      0x84838281, .name = S("user.x")}},
     "71727374818283840600757365722e78"},
    {{.type = P9_RXATTRWALK, .tag = 0x1234, .rxattrwalk = {.size = 0x9897969594939291}},
     "9192939495969798"},
    {{.type = P9_TXATTRCREATE, .tag = 0x1234, .txattrcreate = {.fid = 0xa4a3a2a1, .name =
      S("user.y"), .size = 0xb8b7b6b5b4b3b2b1, .flags = 0xc4c3c2c1}},
     "a1a2a3a40600757365722e79b1b2b3b4b5b6b7b8c1c2c3c4"},
    {{.type = P9_RXATTRCREATE, .tag = 0x1234},
     ""},
    {{.type = P9_TREADDIR, .tag = 0x1234, .io = {.fid = 0xd4d3d2d1, .offset =
      0xe8e7e6e5e4e3e2e1, .count = 0xf4f3f2f1}},
     "d1d2d3d4e1e2e3e4e5e6e7e8f1f2f3f4"},
    {{.type = P9_RREADDIR, .tag = 0x1234, .rio = {.count = 3}},
     "03000000dddddd"},
    {{.type = P9_TFSYNC, .tag = 0x1234, .tfsync = {.fid = 0x4030201, .datasync = 0x14131211}},
     "0102030411121314"},
    {{.type = P9_RFSYNC, .tag = 0x1234},
     ""},
    {{.type = P9_TLOCK, .tag = 0x1234, .tlock = {.fid = 0x24232221, .kind = 0x31, .flags =
      0x44434241, .start = 0x5857565554535251, .length = 0x6867666564636261, .proc_id = 0x74737271,
      .client_id = S("box")}},
     "21222324314142434451525354555657586162636465666768717273740300626f78"},
    {{.type = P9_RLOCK, .tag = 0x1234, .rlock = {.status = 0x81}},
     "81"},
    {{.type = P9_TGETLOCK, .tag = 0x1234, .tlock = {.fid = 0x94939291, .kind = 0xa1, .start =
      0xb8b7b6b5b4b3b2b1, .length = 0xc8c7c6c5c4c3c2c1, .proc_id = 0xd4d3d2d1, .client_id =
      S("box")}},
     "91929394a1b1b2b3b4b5b6b7b8c1c2c3c4c5c6c7c8d1d2d3d40300626f78"},
    {{.type = P9_RGETLOCK, .tag = 0x1234, .tlock = {.kind = 0xe1, .start = 0xf8f7f6f5f4f3f2f1,
      .length = 0x807060504030201, .proc_id = 0x14131211, .client_id = S("box")}},
     "e1f1f2f3f4f5f6f7f80102030405060708111213140300626f78"},
    {{.type = P9_TLINK, .tag = 0x1234, .tlink = {.dfid = 0x24232221, .fid = 0x34333231, .name =
      S("hard")}},
     "2122232431323334040068617264"},
    {{.type = P9_RLINK, .tag = 0x1234},
     ""},
    {{.type = P9_TMKDIR, .tag = 0x1234, .tmkdir = {.fid = 0x44434241, .name = S("dir"), .mode =
      0x54535251, .gid = 0x64636261}},
     "4142434403006469725152535461626364"},
    {{.type = P9_RMKDIR, .tag = 0x1234, .rqid = {.qid = {128, 0x74737271, 0x8887868584838281}}},
     "80717273748182838485868788"},
    {{.type = P9_TRENAMEAT, .tag = 0x1234, .trenameat = {.dfid = 0x94939291, .old = S("a"),
      .newdfid = 0xa4a3a2a1, .name = S("b")}},
     "91929394010061a1a2a3a4010062"},
    {{.type = P9_RRENAMEAT, .tag = 0x1234},
     ""},
    {{.type = P9_TUNLINKAT, .tag = 0x1234, .tunlinkat = {.dfid = 0xb4b3b2b1, .name = S("gone"),
      .flags = 0xc4c3c2c1}},
     "b1b2b3b40400676f6e65c1c2c3c4"},
    {{.type = P9_RUNLINKAT, .tag = 0x1234},
     ""},
    {{.type = P9_TVERSION, .tag = 0x1234, .version = {.msize = 0xd4d3d2d1, .version =
      S("9P2000.L")}},
     "d1d2d3d408003950323030302e4c"},
    {{.type = P9_RVERSION, .tag = 0x1234, .version = {.msize = 0xe4e3e2e1, .version =
      S("9P2000.L")}},
     "e1e2e3e408003950323030302e4c"},
    {{.type = P9_TAUTH, .tag = 0x1234, .tauth = {.afid = 0xf4f3f2f1, .uname = S("me"), .aname =
      S("/"), .n_uname = 0x4030201}},
     "f1f2f3f402006d6501002f01020304"},
    {{.type = P9_RAUTH, .tag = 0x1234, .rqid = {.qid = {128, 0x14131211, 0x2827262524232221}}},
     "80111213142122232425262728"},
    {{.type = P9_TATTACH, .tag = 0x1234, .tattach = {.fid = 0x34333231, .afid = 0x44434241,
      .uname = S("me"), .aname = S(""), .n_uname = 0x54535251}},
     "313233344142434402006d65000051525354"},
    {{.type = P9_RATTACH, .tag = 0x1234, .rqid = {.qid = {128, 0x64636261,
      0x7877767574737271}}},
     "80616263647172737475767778"},
    {{.type = P9_TFLUSH, .tag = 0x1234, .tflush = {.oldtag = 0x8281}},
     "8182"},
    {{.type = P9_RFLUSH, .tag = 0x1234},
     ""},
    {{.type = P9_TWALK, .tag = 0x1234, .twalk = {.fid = 0x94939291, .newfid = 0xa4a3a2a1, .n =
      3, .name = {S("a"), S("bc"), S("")}}},
     "91929394a1a2a3a40300010061020062630000"},
    {{.type = P9_RWALK, .tag = 0x1234, .rwalk = {.n = 2, .qid = {{128, 0xb4b3b2b1,
      0xc8c7c6c5c4c3c2c1}, {128, 0xd4d3d2d1, 0xe8e7e6e5e4e3e2e1}}}},
     "020080b1b2b3b4c1c2c3c4c5c6c7c880d1d2d3d4e1e2e3e4e5e6e7e8"},
    {{.type = P9_TREAD, .tag = 0x1234, .io = {.fid = 0xf4f3f2f1, .offset = 0x807060504030201,
      .count = 0x14131211}},
     "f1f2f3f4010203040506070811121314"},
    {{.type = P9_RREAD, .tag = 0x1234, .rio = {.count = 5}},
     "05000000dddddddddd"},
    {{.type = P9_TWRITE, .tag = 0x1234, .io = {.fid = 0x24232221, .offset = 0x3837363534333231,
      .count = 4}},
     "21222324313233343536373804000000dddddddd"},
    {{.type = P9_RWRITE, .tag = 0x1234, .rio = {.count = 0x44434241}},
     "41424344"},
    {{.type = P9_TCLUNK, .tag = 0x1234, .fid = 0x54535251},
     "51525354"},
    {{.type = P9_RCLUNK, .tag = 0x1234},
     ""},
    {{.type = P9_TREMOVE, .tag = 0x1234, .fid = 0x64636261},
     "61626364"},
    {{.type = P9_RREMOVE, .tag = 0x1234},
     ""},
    {{.type = P9_TLOOKUP, .tag = 0x1234, .tlookup = {.fid = 0x74737271, .newfid = 0x84838281,
      .name = S("here")}},
     "7172737481828384040068657265"},
    {{.type = P9_RLOOKUP, .tag = 0x1234, .rgetattr = {.valid = 0x8887868584838281, .qid = {128,
      0x94939291, 0xa8a7a6a5a4a3a2a1}, .mode = 0xb4b3b2b1, .uid = 0xc4c3c2c1, .gid = 0xd4d3d2d1,
      .nlink = 0xe8e7e6e5e4e3e2e1, .rdev = 0xf8f7f6f5f4f3f2f1, .size = 0x807060504030201, .blksize =
      0x1817161514131211, .blocks = 0x2827262524232221, .atime = {0x3837363534333231,
      0x4847464544434241}, .mtime = {0x5857565554535251, 0x6867666564636261}, .ctime =
      {0x7877767574737271, 0x8887868584838281}, .btime = {0x9897969594939291, 0xa8a7a6a5a4a3a2a1},
      .gen = 0xb8b7b6b5b4b3b2b1, .data_version = 0xc8c7c6c5c4c3c2c1}},
     "81828384858687888091929394a1a2a3a4a5a6a7a8b1b2b3b4c1c2c3c4d1d2d3d4e1e2e3e4e5e6e7e8f1f2f3"
     "f4f5f6f7f8010203040506070811121314151617182122232425262728313233343536373841424344454647"
     "4851525354555657586162636465666768717273747576777881828384858687889192939495969798a1a2a3"
     "a4a5a6a7a8b1b2b3b4b5b6b7b8c1c2c3c4c5c6c7c8"},
    {{.type = P9_TREOPEN, .tag = 0x1234, .treopen = {.fid = 0x94939291, .newfid = 0xa4a3a2a1,
      .flags = 0xb4b3b2b1}},
     "91929394a1a2a3a4b1b2b3b4"},
    {{.type = P9_RREOPEN, .tag = 0x1234, .ropen = {.qid = {128, 0xc4c3c2c1, 0xd8d7d6d5d4d3d2d1},
      .iounit = 0xe4e3e2e1}},
     "80c1c2c3c4d1d2d3d4d5d6d7d8e1e2e3e4"},
    {{.type = P9_TMAKE, .tag = 0x1234, .tmake = {.fid = 0x14131211, .newfid = 0x24232221, .open =
      0x34333231, .name = S("new"), .flags = 0x44434241, .mode = 0x54535251, .gid = 0x64636261}},
     "11121314212223243132333403006e6577414243445152535461626364"},
    {{.type = P9_RMAKE, .tag = 0x1234, .rgetattr = {.valid = 0x8887868584838281, .qid = {128,
      0x94939291, 0xa8a7a6a5a4a3a2a1}, .mode = 0xb4b3b2b1, .uid = 0xc4c3c2c1, .gid = 0xd4d3d2d1,
      .nlink = 0xe8e7e6e5e4e3e2e1, .rdev = 0xf8f7f6f5f4f3f2f1, .size = 0x807060504030201, .blksize =
      0x1817161514131211, .blocks = 0x2827262524232221, .atime = {0x3837363534333231,
      0x4847464544434241}, .mtime = {0x5857565554535251, 0x6867666564636261}, .ctime =
      {0x7877767574737271, 0x8887868584838281}, .btime = {0x9897969594939291, 0xa8a7a6a5a4a3a2a1},
      .gen = 0xb8b7b6b5b4b3b2b1, .data_version = 0xc8c7c6c5c4c3c2c1}},
     "81828384858687888091929394a1a2a3a4a5a6a7a8b1b2b3b4c1c2c3c4d1d2d3d4e1e2e3e4e5e6e7e8f1f2f3"
     "f4f5f6f7f8010203040506070811121314151617182122232425262728313233343536373841424344454647"
     "4851525354555657586162636465666768717273747576777881828384858687889192939495969798a1a2a3"
     "a4a5a6a7a8b1b2b3b4b5b6b7b8c1c2c3c4c5c6c7c8"},
    {{.type = P9_TLIST, .tag = 0x1234, .io = {.fid = 0xd4d3d2d1, .offset =
      0xe8e7e6e5e4e3e2e1, .count = 0xf4f3f2f1}},
     "d1d2d3d4e1e2e3e4e5e6e7e8f1f2f3f4"},
    {{.type = P9_RLIST, .tag = 0x1234, .rio = {.count = 0}},
     "00000000"},
    {{.type = P9_TOPEN, .tag = 0x1234, .tmake = {.fid = 0x14131211, .newfid = 0x24232221, .open =
      0x34333231, .name = S("old"), .flags = 0x44434241}},
     "11121314212223243132333403006f6c6441424344"},
    {{.type = P9_ROPEN, .tag = 0x1234, .rgetattr = {.valid = 0x8887868584838281, .qid = {128,
      0x94939291, 0xa8a7a6a5a4a3a2a1}, .mode = 0xb4b3b2b1, .uid = 0xc4c3c2c1, .gid = 0xd4d3d2d1,
      .nlink = 0xe8e7e6e5e4e3e2e1, .rdev = 0xf8f7f6f5f4f3f2f1, .size = 0x807060504030201, .blksize =
      0x1817161514131211, .blocks = 0x2827262524232221, .atime = {0x3837363534333231,
      0x4847464544434241}, .mtime = {0x5857565554535251, 0x6867666564636261}, .ctime =
      {0x7877767574737271, 0x8887868584838281}, .btime = {0x9897969594939291, 0xa8a7a6a5a4a3a2a1},
      .gen = 0xb8b7b6b5b4b3b2b1, .data_version = 0xc8c7c6c5c4c3c2c1}},
     "81828384858687888091929394a1a2a3a4a5a6a7a8b1b2b3b4c1c2c3c4d1d2d3d4e1e2e3e4e5e6e7e8f1f2f3"
     "f4f5f6f7f8010203040506070811121314151617182122232425262728313233343536373841424344454647"
     "4851525354555657586162636465666768717273747576777881828384858687889192939495969798a1a2a3"
     "a4a5a6a7a8b1b2b3b4b5b6b7b8c1c2c3c4c5c6c7c8"},
};

#undef S
#endif
