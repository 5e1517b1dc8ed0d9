//! The device metadata that DRA drivers write into containers (KEP-5304): one file for each request and driver, a stream
//! of JSON objects of which each is the same data in another API version.

use crate::sysfs::names;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Kubernetes 1.36 defines the first; drivers of the alpha API used the second.
const FOLDERS: [&str; 2] = ["/var/run/kubernetes.io/dra-device-attributes", "/var/run/dra-device-attributes"];
const SUFFIX: &str = "-metadata.json";
const MAX_FILES: usize = 256;
const MAX_BYTES: u64 = 1 << 20;
/// The folder, the kind of claim, the claim, the request: no file lies deeper.
const MAX_DEPTH: usize = 5;

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct MetadataFile {
    pub path: String,
    pub devices: Vec<DescribedDevice>,
    /// Why `devices` is empty; null where the file could be read.
    pub error: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct DescribedDevice {
    pub request: String,
    pub driver: String,
    pub pool: String,
    pub device: String,
    /// From the standard attribute `resource.k8s.io/pciBusID`; null where it is missing.
    pub pci_address: Option<String>,
}

#[derive(Deserialize)]
struct DeviceMetadata {
    #[serde(default)]
    requests: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    name: String,
    #[serde(default)]
    devices: Vec<Device>,
}

#[derive(Deserialize)]
struct Device {
    driver: String,
    pool: String,
    name: String,
    #[serde(default)]
    attributes: BTreeMap<String, serde_json::Value>,
}

/// The files that this container has, at most 256 of them, sorted by path.
pub fn list() -> Vec<MetadataFile> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        collect(Path::new(folder), MAX_DEPTH, &mut paths);
    }
    paths.iter().map(|path| read(path)).collect()
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) {
    for name in names(folder) {
        let path = folder.join(&name);
        if paths.len() == MAX_FILES {
            return;
        }
        if path.is_dir() {
            if depth > 1 {
                collect(&path, depth - 1, paths);
            }
        } else if name.ends_with(SUFFIX) {
            paths.push(path);
        }
    }
}

fn read(path: &Path) -> MetadataFile {
    let (devices, error) = match text(path).and_then(|text| parse(&text)) {
        Ok(devices) => (devices, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    MetadataFile { path: path.display().to_string(), devices, error }
}

fn text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("longer than {MAX_BYTES} bytes"));
    }
    Ok(text)
}

/// Reads the first object of the stream that has the fields of this version.
fn parse(text: &str) -> Result<Vec<DescribedDevice>, String> {
    let mut last = "no object in the file".to_owned();
    for object in serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>() {
        let object = object.map_err(|error| error.to_string())?;
        if object.get("kind").and_then(|kind| kind.as_str()) != Some("DeviceMetadata") {
            last = "no object of kind DeviceMetadata".to_owned();
            continue;
        }
        match serde_json::from_value::<DeviceMetadata>(object) {
            Ok(metadata) => return Ok(described(metadata)),
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

fn described(metadata: DeviceMetadata) -> Vec<DescribedDevice> {
    let of_request = |request: Request| {
        let name = request.name;
        request.devices.into_iter().map(move |device| DescribedDevice {
            request: name.clone(),
            pci_address: pci_address(&device.attributes),
            driver: device.driver,
            pool: device.pool,
            device: device.name,
        })
    };
    metadata.requests.into_iter().flat_map(of_request).collect()
}

fn pci_address(attributes: &BTreeMap<String, serde_json::Value>) -> Option<String> {
    attributes.get("resource.k8s.io/pciBusID")?.get("string")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = r#"
        {"apiVersion": "metadata.resource.k8s.io/v9", "kind": "DeviceMetadata", "requests": [{"devices": 7}]}
        {"apiVersion": "metadata.resource.k8s.io/v1alpha1", "kind": "DeviceMetadata", "metadata": {"name": "claim"},
         "requests": [{"name": "nics", "devices": [
           {"driver": "dra.net", "pool": "node-a", "name": "pci-0000-1a-00-0",
            "attributes": {"resource.k8s.io/pciBusID": {"string": "0000:1a:00.0"}, "dra.net/rdma": {"bool": true}}},
           {"driver": "dra.net", "pool": "node-a", "name": "pci-0000-3c-00-0"}]}]}"#;

    #[test]
    fn reads_the_first_version_that_it_knows() {
        let device = |device: &str, pci_address: Option<&str>| DescribedDevice {
            request: "nics".into(),
            driver: "dra.net".into(),
            pool: "node-a".into(),
            device: device.into(),
            pci_address: pci_address.map(str::to_owned),
        };
        let expected =
            vec![device("pci-0000-1a-00-0", Some("0000:1a:00.0")), device("pci-0000-3c-00-0", None)];
        assert_eq!(parse(STREAM), Ok(expected));
    }

    #[test]
    fn says_why_a_file_cannot_be_read() {
        assert_eq!(parse(""), Err("no object in the file".into()));
        assert_eq!(parse("{\"kind\": \"Pod\"}"), Err("no object of kind DeviceMetadata".into()));
        assert!(parse("{\"kind\"").is_err_and(|error| error.contains("EOF")));
        assert!(
            parse(r#"{"kind": "DeviceMetadata", "requests": 3}"#)
                .is_err_and(|error| error.contains("invalid type"))
        );
    }

    #[test]
    fn finds_the_files_below_a_folder() {
        let root = std::env::temp_dir().join(format!("device-metadata-{}", std::process::id()));
        let folder = root.join("resourceclaimtemplates/devices/nics");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("dra.net-metadata.json"), STREAM).unwrap();
        std::fs::write(folder.join("other.json"), "").unwrap();
        let mut paths = Vec::new();
        collect(&root, MAX_DEPTH, &mut paths);
        let devices: Vec<usize> = paths.iter().map(|path| read(path).devices.len()).collect();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(devices, [2]);
    }
}
