//! Where the blocks of a stream's buffer begin, in the order in which a transfer lists them.

use crate::options::BlockOrder;

/// The offsets of `count` blocks of `bytes`. Every block is there once.
pub fn block_offsets(count: usize, bytes: usize, order: BlockOrder) -> Vec<usize> {
    let step = match order {
        BlockOrder::Sequential => 1,
        BlockOrder::Scattered => scattering_step(count),
    };
    (0..count).map(|position| position * step % count * bytes).collect()
}

/// A step over `count` blocks that reaches every block and, of at least five blocks, never the next or the previous one.
/// Near the golden section, it scatters neighbours evenly.
fn scattering_step(count: usize) -> usize {
    let near = count * 618 / 1000;
    (near..count.saturating_sub(1)).find(|step| *step > 1 && gcd(*step, count) == 1).unwrap_or(1)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_in_sequence_follow_each_other() {
        assert_eq!(block_offsets(3, 8, BlockOrder::Sequential), [0, 8, 16]);
    }

    #[test]
    fn scattered_blocks_are_all_there_and_no_two_neighbours_follow_each_other() {
        for count in [5, 7, 8, 30, 1024, 8191, 8192] {
            let offsets = block_offsets(count, 16, BlockOrder::Scattered);
            let mut sorted = offsets.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, block_offsets(count, 16, BlockOrder::Sequential));
            assert!(offsets.windows(2).all(|pair| pair[0].abs_diff(pair[1]) > 16), "{count} blocks");
        }
    }

    #[test]
    fn a_few_blocks_stay_in_sequence() {
        assert_eq!(block_offsets(1, 16, BlockOrder::Scattered), [0]);
        assert_eq!(block_offsets(2, 16, BlockOrder::Scattered), [0, 16]);
    }
}
