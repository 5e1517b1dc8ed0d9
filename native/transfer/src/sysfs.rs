//! Small reads of sysfs. A missing or unreadable entry is none rather than an error, since what a pod may read differs
//! between kernels, drivers and container runtimes.

use std::fs;
use std::path::Path;

/// The names in a folder, sorted; none where there is no such folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The trimmed text of a file; none where it is missing, unreadable or empty.
pub fn value(file: &Path) -> Option<String> {
    Some(fs::read_to_string(file).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The number in a file; none where there is no such number.
pub fn number<T: std::str::FromStr>(file: &Path) -> Option<T> {
    value(file)?.parse().ok()
}

/// The last part of a symbolic link's target, e.g. the driver's name for `driver`.
pub fn link_name(link: &Path) -> Option<String> {
    Some(fs::read_link(link).ok()?.file_name()?.to_string_lossy().into_owned())
}
