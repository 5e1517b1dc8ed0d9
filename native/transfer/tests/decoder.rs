//! The side channel's decoder is tested with 100 000 seeded inputs, random and mutated, or with as many as FUZZ_SECONDS allows.
//! It never panics, never returns a frame above its maximum size, and never keeps rejected bytes.
#![allow(clippy::unwrap_used)]

use claimcheck_transfer::memory::pattern::Damage;
use claimcheck_transfer::side_channel::frame::{Decoder, Kind, encode};
use claimcheck_transfer::side_channel::messages::{Checked, Message, PatternSeed};
use std::time::{Duration, Instant};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn valid_stream() -> Vec<u8> {
    let damage = Damage { offset: 8, expected_hex: "00".into(), found_hex: "01".into(), bad_bytes: 1 };
    let messages = [
        Message::Count,
        Message::Pattern(PatternSeed { seed: 7 }),
        Message::Checked(Checked { damage: vec![None, Some(damage)] }),
    ];
    let frames = messages.iter().map(|message| encode(Kind::Message, &message.to_bytes().unwrap()));
    frames.chain([encode(Kind::Metadata, &[0, 1, 2, 3])]).flatten().collect()
}

fn input(random: &mut Random, valid: &[u8]) -> Vec<u8> {
    if random.below(4) == 0 {
        return (0..random.below(64)).map(|_| random.next() as u8).collect();
    }
    let mut bytes = valid.to_vec();
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len());
        match random.below(4) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes.truncate(at + 1),
            _ => bytes.insert(at, random.next() as u8),
        }
    }
    bytes
}

#[test]
fn no_input_breaks_the_decoder() {
    let valid = valid_stream();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut frames, mut messages, mut violations) = (0, 0, 0);
    let mut tried = 0_u64;
    let until = std::env::var("FUZZ_SECONDS").ok().map(|seconds| {
        random = Random(random.0 ^ u64::from(std::process::id()));
        Instant::now() + Duration::from_secs(seconds.parse().unwrap())
    });
    while until.map_or(tried < 100_000, |until| Instant::now() < until) {
        tried += 1;
        let bytes = input(&mut random, &valid);
        let mut decoder = Decoder::default();
        let mut rest = &bytes[..];
        'input: while !rest.is_empty() {
            let (part, later) = rest.split_at(1 + random.below(rest.len()));
            rest = later;
            decoder.push(part);
            loop {
                match decoder.next_frame() {
                    Ok(None) => break,
                    Err(_) => {
                        violations += 1;
                        break 'input;
                    }
                    Ok(Some(frame)) => {
                        frames += 1;
                        assert!(frame.payload.len() <= frame.kind.max_bytes());
                        messages += usize::from(Message::from_bytes(&frame.payload).is_ok());
                    }
                }
            }
        }
    }
    println!("{tried} inputs, no finding");
    assert!(frames > 1000 && messages > 1000 && violations > 1000, "{frames} {messages} {violations}");
}
