//! Mounts as detached trees: copied while the host is visible and attached after it no longer is.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Flags of a mount, as `mount_setattr` takes them.
#[derive(Clone, Copy)]
pub struct Attributes(u64);

impl Attributes {
    pub const READ_ONLY: Self = Self(libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID);
    /// A device on such a mount exists, but opening it is refused.
    pub const CLOSED_DEVICE: Self = Self(libc::MOUNT_ATTR_NODEV);
}

/// A copy of a mounted tree that is not attached anywhere; removed when dropped.
pub struct Tree(OwnedFd);

impl Tree {
    /// Copies what is mounted at `path`, with all mounts below it.
    pub fn copy(path: &Path) -> io::Result<Self> {
        let path = c_path(path)?;
        let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | libc::AT_RECURSIVE as libc::c_uint;
        // SAFETY: `path` is a valid C string; the call returns a new descriptor or -1.
        let fd = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) };
        match i32::try_from(fd) {
            // SAFETY: new, and owned by nobody else.
            Ok(fd) if fd >= 0 => Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) })),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Sets the attributes on the whole tree.
    pub fn with(self, attributes: Attributes) -> io::Result<Self> {
        let wanted = libc::mount_attr { attr_set: attributes.0, attr_clr: 0, propagation: 0, userns_fd: 0 };
        // SAFETY: the empty path makes the call act on the descriptor; the struct has the size given.
        let outcome = unsafe {
            libc::syscall(
                libc::SYS_mount_setattr,
                self.0.as_raw_fd(),
                c"".as_ptr(),
                libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
                &raw const wanted,
                size_of::<libc::mount_attr>(),
            )
        };
        if outcome == 0 { Ok(self) } else { Err(io::Error::last_os_error()) }
    }

    /// Whether the tree is a folder, so that it must be attached to a folder.
    pub fn is_folder(&self) -> io::Result<bool> {
        let stat = nix::sys::stat::fstat(&self.0)?;
        Ok(stat.st_mode & libc::S_IFMT == libc::S_IFDIR)
    }

    /// Attaches the tree at `path`, which must exist.
    pub fn attach(self, path: &Path) -> io::Result<()> {
        let path = c_path(path)?;
        // SAFETY: both paths are valid C strings, the first empty so that the descriptor is meant.
        let outcome = unsafe {
            libc::syscall(
                libc::SYS_move_mount,
                self.0.as_raw_fd(),
                c"".as_ptr(),
                libc::AT_FDCWD,
                path.as_ptr(),
                libc::MOVE_MOUNT_F_EMPTY_PATH,
            )
        };
        if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::ErrorKind::InvalidInput.into())
}
