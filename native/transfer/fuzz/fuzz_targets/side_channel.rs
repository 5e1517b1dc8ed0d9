//! Feeds the side channel's decoder any bytes, in two parts: what comes out is a frame within its
//! maximum, a message within its bounds, or a refusal. Run: `cargo +nightly fuzz run side_channel`.
#![no_main]

use claimcheck_transfer::side_channel::frame::Decoder;
use claimcheck_transfer::side_channel::messages::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let mut decoder = Decoder::default();
    for part in [input.0, input.1] {
        decoder.push(part);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => {
                    assert!(frame.payload.len() <= frame.kind.max_bytes());
                    if let Ok(message) = Message::from_bytes(&frame.payload) {
                        let again = message.to_bytes().map(|bytes| Message::from_bytes(&bytes));
                        assert_eq!(again, Ok(Ok(message)));
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
});
