"""What the operating system refuses, by `errno`; the English is its own."""

import errno

CHECK_PATH = ("请核对路径和权限", "check the path and its permissions")
SYSTEM: dict[int, tuple[str, str, str]] = {
    errno.EPERM: ("不允许这样操作", *CHECK_PATH),
    errno.ENOENT: (
        "文件或目录不存在",
        "请核对路径：它或它的上级目录不存在",
        "check the path: it, or the folder above it, does not exist",
    ),
    errno.EIO: ("输入输出错误", "请检查磁盘", "check the disk"),
    errno.EACCES: ("没有权限", *CHECK_PATH),
    errno.EEXIST: ("已经存在", "该处是文件，应为目录", "a file stands where a folder is needed"),
    errno.ENOTDIR: ("不是目录", "路径中有一段是文件，应为目录", "a part of the path is a file where a folder is needed"),
    errno.EISDIR: ("是目录", "该处是目录，请指定文件", "name a file; this is a folder"),
    errno.EFBIG: ("文件过大", "请腾出磁盘空间", "make room on the disk"),
    errno.ENOSPC: ("磁盘空间不足", "请腾出磁盘空间", "make room on the disk"),
    errno.EROFS: ("文件系统是只读的", "请指定可写的位置", "name a place that can be written"),
    errno.EDQUOT: ("超出磁盘配额", "请腾出磁盘空间", "make room on the disk"),
    errno.ENAMETOOLONG: ("名称过长", "请用较短的路径", "use a shorter path"),
    errno.ELOOP: ("链接层数过多", *CHECK_PATH),
    errno.EMFILE: ("打开的文件过多", "请提高打开文件数的上限", "raise the limit of open files"),
    errno.EADDRINUSE: ("地址已被占用", "请停止占用的进程，或换一个端口", "stop the process that uses it, or choose another port"),
    errno.EADDRNOTAVAIL: ("本机没有这个地址", "请指定本机的地址", "give an address of this machine"),
    errno.ECONNREFUSED: (
        "连接被拒绝",
        "请核对地址，并查看对方是否在运行",
        "check the address, and whether anybody listens there",
    ),
}
