//! Compressed input: members, cuts, damage, limits, and what only looks packed.

use super::*;

#[test]
fn members_one_after_the_other_are_one_input() {
    for compression in ALL {
        let packed =
            [pack(compression, b"one\n"), pack(compression, b""), pack(compression, &sample(200_000))].concat();
        let expected = [&b"one\n"[..], &sample(200_000)].concat();
        for size in [1, 7, 4096, 1 << 20] {
            let mut input = Input::from_reader(io::Cursor::new(packed.clone()));
            assert!(input.look_ahead() == Ahead::More && input.ahead().starts_with(b"o"));
            assert_eq!(input.compression(), Some(compression));
            let (text, error) = read_by(input, size);
            assert!(error.is_none(), "{compression:?} {error:?}");
            assert!(text == expected, "{compression:?} read {size} at a time");
        }
    }
}

#[test]
fn packed_bytes_may_come_one_at_a_time() {
    for compression in ALL {
        let packed = [pack(compression, b"one\n"), pack(compression, &sample(3000))].concat();
        let (text, error) = read_by(Input::from_reader(Trickle(io::Cursor::new(packed))), 100);
        assert!(error.is_none(), "{compression:?} {error:?}");
        assert!(text == [&b"one\n"[..], &sample(3000)].concat(), "{compression:?}");
    }
}

#[test]
fn an_empty_member_is_no_text() {
    for compression in ALL {
        let (text, error) = read(pack(compression, b""));
        assert!(text.is_empty() && error.is_none(), "{compression:?} {error:?}");
    }
}

#[test]
fn truncation_at_every_byte_gives_a_prefix_and_says_where() {
    for compression in ALL {
        let first = pack(compression, b"first member\n");
        let packed = [first.clone(), pack(compression, &sample(5000))].concat();
        let whole = [&b"first member\n"[..], &sample(5000)].concat();
        let magic = if compression == Compression::Bzip2 { 10 } else { 6 };
        for end in magic..packed.len() {
            let (text, error) = read(&packed[..end]);
            assert!(whole.starts_with(&text), "{compression:?} cut at {end}");
            if end >= first.len() {
                assert!(text.starts_with(b"first member\n"), "{compression:?} cut at {end} loses a whole member");
            }
            if end == first.len() {
                assert!(error.is_none(), "{compression:?} {error:?}");
                continue;
            }
            let error = error.unwrap_or_else(|| panic!("{compression:?} cut at {end} is not noticed"));
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            let damage = fault(&error);
            assert_eq!((damage.format, &damage.fault), (compression.name(), &Fault::Truncated));
            assert!(damage.offset <= end as u64 && damage.offset + 8 >= end as u64, "{damage} at {end}");
        }
    }
}

#[test]
fn a_truncated_stream_gives_all_whole_blocks_before_the_cut() {
    // gzip decodes byte by byte; the others lose at most the block in which they were cut.
    for (compression, block) in [(Compression::Gzip, 64), (Compression::Zstd, 128 * 1024), (Compression::Lz4, 4 << 20)]
    {
        let text = sample(1 << 20);
        let packed = pack(compression, &text);
        let (got, _) = read(&packed[..packed.len() - 20]);
        assert!(got.len() + block >= text.len(), "{compression:?} gives {} of {}", got.len(), text.len());
    }
}

#[test]
fn a_changed_byte_never_gives_other_text_without_an_error() {
    for compression in ALL {
        let text = sample(3000);
        let packed = pack(compression, &text);
        let magic = if compression == Compression::Bzip2 { 10 } else { 6 };
        for at in magic..packed.len() {
            let mut bad = packed.clone();
            bad[at] ^= 0x55;
            let (got, error) = read(bad);
            assert!(error.is_some() || got == text, "{compression:?} changed at {at}");
        }
    }
}

#[test]
fn gzip_text_before_a_bad_block_is_kept() {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"good lines\n").unwrap();
    encoder.flush().unwrap();
    let mut packed = encoder.get_ref().clone();
    // A block of the reserved type 3 (RFC 1951, 3.2.3).
    packed.extend_from_slice(&[0x07, 0xff, 0xff, 0xff]);
    let (text, error) = read(packed);
    assert_eq!(text, b"good lines\n");
    assert!(matches!(fault(&error.unwrap()).fault, Fault::Corrupt(_)));
}

#[test]
fn what_follows_a_member_is_told_with_its_place() {
    for compression in ALL {
        let packed = pack(compression, b"text\n");
        let (text, error) = read([&packed[..], b"garbage"].concat());
        assert_eq!(text, b"text\n");
        let error = error.unwrap();
        assert_eq!((fault(&error).offset, &fault(&error).fault), (packed.len() as u64, &Fault::Trailing), "{error}");
    }
}

#[test]
fn zero_padding_after_gzip_and_xz_is_no_damage() {
    for compression in [Compression::Gzip, Compression::Xz] {
        let packed = [pack(compression, b"one\n"), vec![0; 512], pack(compression, b"two\n"), vec![0; 4]].concat();
        let (text, error) = read(packed);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(text, b"one\ntwo\n");
    }
}

#[test]
fn one_layer_is_unpacked() {
    let inner = pack(Compression::Gzip, b"text\n");
    for compression in ALL {
        assert_eq!(read(pack(compression, &inner)).0, inner);
    }
}

#[test]
fn a_zstd_window_above_the_limit_is_refused_with_the_way_out() {
    let packed = |log| {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(log).unwrap();
        encoder.include_contentsize(false).unwrap();
        encoder.write_all(b"text\n").unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(read(packed(27)).0, b"text\n");
    let error = read(packed(28)).1.unwrap();
    assert_eq!(fault(&error).fault, Fault::Memory);
    assert!(error.to_string().contains("zstd -dc --long=31"), "{error}");
}

#[test]
fn an_xz_dictionary_above_the_limit_is_refused() {
    let packed = |size| {
        let mut options = liblzma::stream::LzmaOptions::new_preset(0).unwrap();
        options.dict_size(size);
        let mut filters = liblzma::stream::Filters::new();
        filters.lzma2(&options);
        let stream = liblzma::stream::Stream::new_stream_encoder(&filters, liblzma::stream::Check::Crc32).unwrap();
        let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
        encoder.write_all(b"text\n").unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(read(packed(128 << 20)).0, b"text\n");
    assert_eq!(fault(&read(packed(192 << 20)).1.unwrap()).fault, Fault::Memory);
}

#[test]
fn a_frame_that_zstd_may_skip_is_no_data() {
    let skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd";
    let frame = pack(Compression::Zstd, b"text\n");
    let (text, error) = read([&skippable[..], &frame, skippable, &frame].concat());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text, b"text\ntext\n");
}

#[test]
fn live_packed_lines_come_when_they_are_flushed() {
    let (theirs, ours) = UnixStream::pair().unwrap();
    let mut encoder = GzEncoder::new(theirs, flate2::Compression::default());
    let mut input = Input::from_reader(ours);
    for line in [&b"one\n"[..], b"two\n"] {
        encoder.write_all(line).unwrap();
        encoder.flush().unwrap();
        let mut buffer = [0; 100];
        // Would wait for ever if the line were held back.
        let n = input.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..n], line);
    }
}

#[test]
fn a_short_live_line_is_not_held_for_more_first_bytes() {
    let (mut theirs, ours) = UnixStream::pair().unwrap();
    let mut input = Input::from_reader(ours);
    theirs.write_all(b"{}\n").unwrap();
    let mut buffer = [0; 100];
    assert_eq!(input.read(&mut buffer).unwrap(), 3);
}

#[test]
fn beginnings_that_only_look_packed_are_plain() {
    for text in [&b""[..], b"\x1f", b"\x1f\x8b", b"\x1f\x8bx", b"B", b"BZh", b"BZh9", b"BZh9 text", b"BZhx", b"\xfd7z"]
    {
        let (got, error) = read(text);
        assert!(error.is_none());
        assert_eq!(got, text);
    }
}

proptest! {
    #[test]
    fn plain_bytes_pass_as_they_are(bytes in prop::collection::vec(any::<u8>(), 0..300), looks in 0usize..3, size in 1usize..50) {
        prop_assume!(!matches!(Compression::of(&bytes), Look::Packed(_)));
        let mut input = Input::from_reader(io::Cursor::new(bytes.clone()));
        for _ in 0..looks {
            let _ = input.look_ahead();
        }
        let seen = if looks > 0 { &bytes[..] } else { &[] };
        prop_assert_eq!(input.ahead(), seen);
        prop_assert_eq!(read_by(input, size).0, bytes);
    }
}

#[test]
fn a_look_ahead_keeps_an_error_for_the_read_that_reaches_it() {
    let packed = [pack(Compression::Gzip, b"text\n"), b"garbage".to_vec()].concat();
    let mut input = Input::from_reader(io::Cursor::new(packed));
    while input.look_ahead() == Ahead::More {}
    assert_eq!((input.look_ahead(), input.ahead()), (Ahead::Failed, &b"text\n"[..]));
    let (text, error) = read_by(input, 100);
    assert_eq!(text, b"text\n");
    assert_eq!(fault(&error.unwrap()).fault, Fault::Trailing);
}

#[test]
fn damaged_lines_come_whole_then_the_part_then_the_error() {
    let packed = pack(Compression::Gzip, b"one\ntwo\nthree");
    // The checksum is missing, so all text is there.
    let input = Input::from_reader(io::Cursor::new(packed[..packed.len() - 8].to_vec()));
    let (mut blocks, mut block) = (Blocks::new(input), Vec::new());
    assert_eq!(blocks.next(&mut block).unwrap(), Some(Piece::Lines));
    assert_eq!(block, b"one\ntwo\n");
    assert_eq!(blocks.next(&mut block).unwrap(), Some(Piece::Partial));
    assert_eq!(block, b"three");
    let error = blocks.next(&mut block).unwrap_err();
    assert_eq!(
        InputError::reading("a.gz", error).to_string(),
        format!("cannot read \"a.gz\": truncated gzip data after {} bytes", packed.len() - 8)
    );
    assert_eq!(blocks.next(&mut block).unwrap(), None);
}
