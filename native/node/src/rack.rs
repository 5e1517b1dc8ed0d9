//! The pods of the rack and the fabric between them. Carries out the requests.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::fabric::{Fabric, port};
use crate::failure::{Code, During, Failure, Outcome};
use crate::namespace::sandbox_unavailable;
use crate::output::Output;
use crate::pod::{Pod, admission, exec};
use crate::request::{Delete, Exec, Link, Rate, Run};
use crate::spec::PodSpec;

/// The interface group of the dry run; no pod's number reaches it.
const DRY_RUN_GROUP: u32 = u32::MAX;

pub struct Rack {
    fabric: Fabric,
    output: Output,
    pods: Mutex<Pods>,
}

#[derive(Default)]
struct Pods {
    by_name: BTreeMap<String, Arc<Pod>>,
    groups_used: u32,
}

impl Rack {
    pub fn new(fabric: Fabric, output: Output) -> Self {
        Self { fabric, output, pods: Mutex::default() }
    }

    /// Creates and removes one pod, so that `open` rather than the first `run` fails where this machine does not
    /// permit it.
    pub fn dry_run(&self) -> Outcome<()> {
        let pod = Pod::new(PodSpec::smallest(self.fabric.pods.subnet), DRY_RUN_GROUP);
        pod.dry_run(&self.fabric).map_err(|cause| sandbox_unavailable(&cause.to_string()))
    }

    fn pods(&self) -> MutexGuard<'_, Pods> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pod(&self, name: &str) -> Outcome<Arc<Pod>> {
        let pods = self.pods();
        pods.by_name.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = pods.by_name.keys().map(String::as_str).collect();
            Failure::new(
                Code::PodUnknown,
                format!("pod {name}"),
                format!("one of the rack's pods: {}", known.join(", ")),
                "no pod of that name",
                "run the pod first",
            )
        })
    }

    /// Reserves the pod's name and addresses at once, so that the requests that follow find it.
    pub fn reserve(&self, run: Run) -> Outcome<Arc<Pod>> {
        let pod = run.pod;
        admission::admit(&self.fabric, &pod)?;
        let mut pods = self.pods();
        if pods.by_name.contains_key(&pod.name) {
            return Err(Failure::new(
                Code::PodExists,
                format!("pod {}", pod.name),
                "a name that no pod of the rack has",
                "a pod of that name",
                "delete that pod first, or choose another name",
            ));
        }
        let addresses: Vec<_> = pod.addresses().collect();
        for (at, address) in addresses.iter().enumerate() {
            let elsewhere =
                pods.by_name.values().find(|other| other.spec.addresses().any(|one| one == *address));
            let twice = addresses[..at].contains(address);
            if twice || elsewhere.is_some() {
                return Err(Failure::new(
                    Code::BadAddress,
                    format!("address {address} of pod {}", pod.name),
                    "an address of its own",
                    format!("that of pod {}", elsewhere.map_or(&pod.name, |other| &other.spec.name)),
                    "give every interface of the rack its own address",
                ));
            }
        }
        pods.groups_used += 1;
        let pod = Arc::new(Pod::new(pod, pods.groups_used));
        pods.by_name.insert(pod.spec.name.clone(), Arc::clone(&pod));
        Ok(pod)
    }

    /// Runs a reserved pod until it has ended; its name is free again when this returns.
    pub fn run(&self, pod: &Arc<Pod>, started: impl FnOnce(Outcome<Value>)) {
        let forget = || {
            let mut pods = self.pods();
            if pods.by_name.get(&pod.spec.name).is_some_and(|known| Arc::ptr_eq(known, pod)) {
                pods.by_name.remove(&pod.spec.name);
            }
        };
        pod.run(&self.fabric, &self.output, |outcome| {
            if outcome.is_err() {
                forget();
            }
            started(outcome);
        });
        forget();
    }

    pub fn exec(&self, request: &Exec) -> Outcome<Value> {
        let container = self.pod(&request.pod)?.container(&request.container)?;
        let executed = exec::exec(request, &container)?;
        serde_json::to_value(executed).map_err(std::io::Error::from).during("exec", "be answered")
    }

    /// Returns whether there was such a pod.
    pub fn delete(&self, request: &Delete) -> Outcome<Value> {
        let pod = self.pods().by_name.get(&request.pod).cloned();
        if let Some(pod) = &pod {
            pod.delete(Duration::from_millis(request.grace_ms))?;
            self.pods().by_name.retain(|_, known| !Arc::ptr_eq(known, pod));
        }
        Ok(json!({ "deleted": pod.is_some() }))
    }

    pub fn link(&self, request: &Link) -> Outcome<Value> {
        let (_, ports) = self.pod(&request.pod)?.network()?;
        port::find(&ports, &request.pod, request.nic.as_str())?.set_link(request.up)?;
        Ok(json!({}))
    }

    pub fn rate(&self, request: &Rate) -> Outcome<Value> {
        let (sandbox, ports) = self.pod(&request.pod)?.network()?;
        let port = port::find(&ports, &request.pod, request.nic.as_str())?;
        for (field, shape) in [("tx", &request.tx), ("rx", &request.rx)] {
            admission::burst(field, port.mtu, shape.as_ref())?;
        }
        port.set_rate(sandbox.as_fd(), request.tx.as_ref(), request.rx.as_ref())?;
        Ok(json!({}))
    }

    pub fn list(&self) -> Outcome<Value> {
        let pods: Vec<_> = self.pods().by_name.values().cloned().collect();
        let pods: Outcome<Vec<_>> = pods.iter().map(|pod| pod.describe()).collect();
        Ok(json!({ "pods": pods? }))
    }

    /// Ends all pods at once and waits until they are gone.
    pub fn close(&self) {
        let pods: Vec<_> = self.pods().by_name.values().cloned().collect();
        thread::scope(|scope| {
            for pod in pods {
                // Whatever is left ends with this process.
                scope.spawn(move || pod.delete(Duration::ZERO).is_ok());
            }
        });
    }
}
