//! The tables that UCX logs under UCX_PROTO_INFO, from which the transport of a block size is read. Unknown lines are
//! ignored, so that a UCX with other tables yields no transport rather than a wrong one.

use crate::operation::Operation;
use std::collections::HashMap;

#[derive(Debug, Default)]
pub struct ProtocolTables {
    agent: Option<String>,
    operation: Option<Operation>,
    /// The last table of an agent and an operation, as minimum sizes and transports. UCX logs a preliminary table
    /// when it connects and the final one after the first transfer.
    rows: HashMap<(String, Operation), Vec<(usize, String)>>,
}

/// Whether a line of the log is part of a table.
pub fn is_table_line(line: &str) -> bool {
    body(line).is_some_and(|body| body.starts_with("+--") || body.starts_with("| "))
}

impl ProtocolTables {
    pub fn read(&mut self, line: &str) {
        let Some(body) = body(line).and_then(|body| body.strip_prefix('|')) else { return };
        let cells: Vec<&str> = body.trim_end().trim_end_matches('|').split('|').map(str::trim).collect();
        match cells[..] {
            [title] if title.contains(" cfg#") => self.start(title),
            [title] if title.starts_with("remote memory write") => self.operate(Operation::Write),
            [title] if title.starts_with("remote memory read") => self.operate(Operation::Read),
            [_] => self.operation = None,
            [range, _, transport] => self.add(range, transport),
            _ => {}
        }
    }

    /// The transport of blocks of this size.
    pub fn transport(&self, agent: &str, operation: Operation, block_bytes: usize) -> Option<&str> {
        let rows = self.rows.get(&(agent.to_owned(), operation))?;
        let row = rows.iter().rev().find(|(least_bytes, _)| *least_bytes <= block_bytes)?;
        Some(&row.1)
    }

    fn start(&mut self, title: &str) {
        // "agent inter-node cfg#1". An agent's connection to itself carries no transfer.
        let agent = title.split_whitespace().next().filter(|_| !title.contains(" self "));
        (self.agent, self.operation) = (agent.map(str::to_owned), None);
    }

    fn operate(&mut self, operation: Operation) {
        self.operation = Some(operation);
        if let Some(agent) = &self.agent {
            self.rows.insert((agent.clone(), operation), Vec::new());
        }
    }

    fn add(&mut self, range: &str, transport: &str) {
        let least = range.split("..").next().and_then(|least| least.parse().ok());
        if let (Some(agent), Some(operation), Some(least)) = (&self.agent, self.operation, least) {
            let rows = self.rows.entry((agent.clone(), operation)).or_default();
            rows.push((least, transport.to_owned()));
        }
    }
}

/// The text after "[time] [host:pid:thread]".
fn body(line: &str) -> Option<&str> {
    Some(line.splitn(3, "] ").nth(2)?.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(text: &str) -> ProtocolTables {
        let mut tables = ProtocolTables::default();
        text.lines().for_each(|line| tables.read(&format!("[1.5] [vm:7:0]   {line}")));
        tables
    }

    const TABLES: &str = "\
+--------+-------------+---------+
| agent-0 self cfg#0             |
| remote memory write by ucp_put* from host memory to host |
| 0..inf | zero-copy   | tcp/lo  |
| agent-0 inter-node cfg#1       |
| remote memory write by ucp_put*(multi) from host memory to host |
+--------+-------------+---------+
| Range  | Description | Config  |
+--------+-------------+---------+
|   0..8176 | short  | tcp/nic2 |
| 8177..inf | zero-copy | 50% on tcp/nic2 and 50% on tcp/nic3 |
+--------+-------------+---------+
| agent-0 inter-node cfg#1       |
| active message by ucp_am_send* from host memory |
| 0..inf | short | tcp/other |";

    #[test]
    fn the_row_of_the_size_counts() {
        let tables = tables(TABLES);
        assert_eq!(tables.transport("agent-0", Operation::Write, 4096), Some("tcp/nic2"));
        let large = tables.transport("agent-0", Operation::Write, 1 << 20);
        assert_eq!(large, Some("50% on tcp/nic2 and 50% on tcp/nic3"));
    }

    #[test]
    fn what_was_not_said_is_not_known() {
        let tables = tables(TABLES);
        assert_eq!(tables.transport("agent-0", Operation::Read, 1), None);
        assert_eq!(tables.transport("agent-1", Operation::Write, 1), None);
    }

    #[test]
    fn other_lines_are_no_table() {
        assert!(!is_table_line("[1.5] [vm:7:0]  ucp_context.c:1 UCX  WARN  no | such device"));
        assert!(is_table_line("[1.5] [vm:7:0]   | 0..inf | short | tcp/x |"));
    }
}
