use super::*;
use crate::model::packed::pack;

/// A file as NumPy 2.2 writes it: `numpy.save(f, numpy.array([[1, 2, 3], [4, 5, -6]], numpy.int16))`.
fn saved_by_numpy() -> Vec<u8> {
    let mut file =
        b"\x93NUMPY\x01\x00v\x00{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }".to_vec();
    file.resize(127, b' ');
    file.push(b'\n');
    file.extend_from_slice(&bytes_from_elements(&[1i16, 2, 3, 4, 5, -6]));
    file
}

fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x02\x00".to_vec();
    file.extend_from_slice(&(header.len() as u32).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(data);
    file
}

#[test]
fn an_array_is_written_as_numpy_writes_it() {
    let tensor = Tensor::new("t", TensorType::Int16, &[2, 3]);
    let file = write(&tensor, &bytes_from_elements(&[1i16, 2, 3, 4, 5, -6])).expect("an array");
    assert_eq!(file, saved_by_numpy());
}

#[test]
fn every_type_of_numpy_is_read_back() {
    for ty in TensorType::ALL {
        let Some(bits) = ty.bits() else { continue };
        if descr(ty).is_none() {
            continue;
        }
        for shape in [vec![], vec![5], vec![0, 3], vec![2, 1, 3]] {
            let n_bytes = shape.iter().product::<usize>() * bits as usize / 8;
            let data = (0..n_bytes).map(|byte| byte as u8).collect();
            let array = Array { ty, shape, data };
            let file = write_array(&array).expect("an array");
            assert_eq!(read(&file), Ok(array));
            let length = u16::from_le_bytes([file[8], file[9]]);
            assert_eq!((usize::from(length) + 10) % 64, 0);
        }
    }
}

#[test]
fn types_that_numpy_lacks_are_widened() {
    let array = |ty, bytes: &[u8], n| {
        let file = write(&Tensor::new("t", ty, &[n]), bytes).expect("an array");
        let array = read(&file).expect("a .npy file");
        (array.ty, array.data)
    };
    let packed = pack(&[-8, 7, -1], 4);
    assert_eq!(array(TensorType::Int4, &packed, 3), (TensorType::Int8, vec![0xf8, 7, 0xff]));
    assert_eq!(array(TensorType::Uint4, &packed, 3), (TensorType::Uint8, vec![8, 7, 15]));
    assert_eq!(array(TensorType::Int2, &[0b11_10_01_00], 4), (TensorType::Int8, vec![0, 1, 0xfe, 0xff]));
    let float = |value: f32| (TensorType::Float32, value.to_le_bytes().to_vec());
    assert_eq!(array(TensorType::Bfloat16, &[0x80, 0xbf], 1), float(-1.0));
    assert_eq!(array(TensorType::Float8E4m3fn, &[0x7e], 1), float(448.0));
    assert_eq!(array(TensorType::Float8E5m2, &[0x3c], 1), float(1.0));
}

#[test]
fn headers_of_other_writers_are_read() {
    let check = |header: &str, data: &[u8], ty, shape: &[usize]| {
        let array = read(&with_header(header, data)).unwrap_or_else(|error| panic!("{header}: {error}"));
        assert_eq!((array.ty, array.shape.as_slice()), (ty, shape), "{header}");
    };
    check("{\"descr\":\"|u1\",\"fortran_order\":False,\"shape\":(3,)}", b"abc", TensorType::Uint8, &[3]);
    check("{'shape': (), 'fortran_order': False, 'descr': '<f4'}\n", &[0; 4], TensorType::Float32, &[]);
    check("{'descr': '>i1', 'fortran_order': False, 'shape': (2L, 1), }", b"ab", TensorType::Int8, &[2, 1]);
    // NumPy leaves alone what follows the array.
    check("{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }", b"ab", TensorType::Bool, &[1]);
}

#[test]
fn what_cannot_be_read_says_why() {
    let check = |file: &[u8], message: &str| {
        let error = read(file).expect_err(message);
        assert_eq!(error.to_string(), message);
        assert!(!error.help().is_empty());
    };
    let header = |descr: &str, fortran: &str, shape: &str| {
        with_header(&format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"), &[0; 8])
    };
    check(b"PK\x03\x04", "this is not a .npy file: expected the bytes \\x93NUMPY at its start");
    check(b"\x93NUMPY\x09\x00aaaa", ".npy version 9.0 is unknown: expected 1.0, 2.0 or 3.0");
    check(&header("'>f4'", "False", "(2,)"), "the array's type >f4 is big-endian");
    check(&header("'<f4'", "True", "(2, 1)"), "the array is in Fortran order");
    check(&header("'|O'", "False", "(2,)"), "the array's type |O is not one that tensors have");
    check(
        &header("[('a', '<f4')]", "False", "(2,)"),
        "the array's type of records is not one that tensors have",
    );
    check(&header("'<f4'", "False", "(3,)"), "the .npy file is cut short: expected 81 bytes, found 77");
    check(
        &header("'<f4'", "False", "(-3,)"),
        "the header of the .npy file is damaged at byte 63: expected a number",
    );
    check(
        &header("'<f4'", "Maybe", "(3,)"),
        "the header of the .npy file is damaged at byte 46: expected True or False",
    );
}

#[test]
fn shapes_larger_than_memory_are_refused() {
    let huge = "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 8), }";
    assert!(matches!(read(&with_header(huge, &[0; 8])), Err(NpyError::CutShort { .. })));
    let large = "{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846975,), }";
    assert!(matches!(read(&with_header(large, &[0; 8])), Err(NpyError::CutShort { .. })));
}

#[test]
fn every_prefix_is_refused() {
    let file = saved_by_numpy();
    for length in 0..file.len() {
        assert!(read(&file[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn a_tensor_whose_data_do_not_fit_is_refused() {
    let tensor = Tensor::new("t", TensorType::Int16, &[2, 3]);
    assert_eq!(write(&tensor, &[0; 11]), Err(NpyError::Size { expected: 12, found: 11 }));
    assert_eq!(write(&Tensor::new("t", TensorType::String, &[1]), &[]), Err(NpyError::NoArray("string")));
    assert_eq!(write(&Tensor::new("t", TensorType::Int8, &[-1]), &[]), Err(NpyError::NoArray("int8")));
}
