//! Columns of words, ids and counts between Python and here, by the Arrow C data interface: nothing is copied on the way
//! out, and no library but Arrow's own knows the memory layout.
//!
//! What comes in may be from a file that anybody could have written, so it is validated before it is believed.

use std::sync::Arc;

use arrow_array::array::make_array;
use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use arrow_array::types::{UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, StringArray, UInt32Array, UInt64Array};
use arrow_buffer::{Buffer, OffsetBuffer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::rows::Rows;
use crate::vocabulary::append;

/// A column on its way to whoever understands Arrow.
#[pyclass(frozen, module = "textmill_engine")]
pub struct Column {
    array: ArrayRef,
}

#[pymethods]
impl Column {
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let _ = requested_schema; // the protocol allows to answer with what there is
        let (array, schema) = to_ffi(&self.array.to_data()).map_err(refused)?;
        Ok((
            PyCapsule::new_with_value(py, schema, c"arrow_schema")?,
            PyCapsule::new_with_value(py, array, c"arrow_array")?,
        ))
    }

    fn __len__(&self) -> usize {
        self.array.len()
    }
}

/// Make a column of what was validated already.
pub fn column(array: ArrayRef) -> Column {
    Column { array }
}

/// Make a column of ids.
pub fn ids(values: Vec<u32>) -> Column {
    Column { array: Arc::new(UInt32Array::from(values)) }
}

/// Make a column of counts.
pub fn counts(values: Vec<u64>) -> Column {
    Column { array: Arc::new(UInt64Array::from(values)) }
}

/// Make a column of words from their bytes and ends.
pub fn words(bytes: Vec<u8>, ends: &[usize]) -> PyResult<Column> {
    let end = |&one: &usize| i32::try_from(one).map_err(|_| PyValueError::new_err("a column of more than 2 GiB"));
    let offsets = std::iter::once(Ok(0)).chain(ends.iter().map(end)).collect::<PyResult<Vec<i32>>>()?;
    let array = StringArray::try_new(OffsetBuffer::new(offsets.into()), Buffer::from_vec(bytes), None);
    Ok(Column { array: Arc::new(array.map_err(refused)?) })
}

/// Make the two columns of a table's rows; None where there are none.
pub fn pair(rows: Rows) -> PyResult<Option<(Column, Column)>> {
    if rows.is_empty() { Ok(None) } else { Ok(Some((words(rows.bytes, &rows.ends)?, counts(rows.counts)))) }
}

/// Read a column of ids.
pub fn to_ids(column: &Bound<'_, PyAny>) -> PyResult<UInt32Array> {
    let array = imported(column)?;
    array.as_primitive_opt::<UInt32Type>().cloned().ok_or_else(|| PyValueError::new_err("no column of u32 ids"))
}

/// Read a column of words and one of counts, as long as each other.
pub fn to_columns(words: &Bound<'_, PyAny>, counts: &Bound<'_, PyAny>) -> PyResult<(StringArray, UInt64Array)> {
    let (words, counts) = (imported(words)?, imported(counts)?);
    let words = words.as_string_opt::<i32>().ok_or_else(|| PyValueError::new_err("no column of words"))?;
    let counts =
        counts.as_primitive_opt::<UInt64Type>().ok_or_else(|| PyValueError::new_err("no column of counts"))?;
    if words.len() != counts.len() {
        return Err(PyValueError::new_err(format!("{} words and {} counts", words.len(), counts.len())));
    }
    Ok((words.clone(), counts.clone()))
}

/// Copy the rows of two columns.
pub fn rows(columns: &(StringArray, UInt64Array)) -> Rows {
    let mut found = Rows::default();
    add(&mut found, columns);
    found
}

/// Copy the rows of two columns behind those that are there, and return the bytes of the longest word.
pub fn add(rows: &mut Rows, (words, counts): &(StringArray, UInt64Array)) -> usize {
    let offsets = words.value_offsets();
    let place = |offset: i32| offset.unsigned_abs() as usize;
    let (first, before) = (place(offsets[0]), rows.bytes.len());
    append(&mut rows.bytes, &words.value_data()[first..place(offsets[offsets.len() - 1])]);
    rows.ends.extend(offsets[1..].iter().map(|&offset| before + place(offset) - first));
    rows.counts.extend_from_slice(counts.values());
    offsets.windows(2).map(|ends| place(ends[1] - ends[0])).max().unwrap_or(0)
}

/// Return our own column as it is, since it was valid when it was made; anything else is validated.
pub fn imported(column: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let array = match column.cast::<Column>() {
        Ok(own) => own.get().array.clone(),
        Err(_) => foreign(column)?,
    };
    if array.null_count() > 0 {
        return Err(PyValueError::new_err("a column with nulls"));
    }
    Ok(array)
}

/// Take over what a Python object exports, and validate all of it.
#[allow(unsafe_code, reason = "the C data interface hands pointers over")]
fn foreign(column: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let capsules = column.call_method0("__arrow_c_array__")?.cast_into::<PyTuple>()?;
    let schema = capsules.get_item(0)?.cast_into::<PyCapsule>()?.pointer_checked(Some(c"arrow_schema"))?;
    let array = capsules.get_item(1)?.cast_into::<PyCapsule>()?.pointer_checked(Some(c"arrow_array"))?;
    debug_assert!(schema.cast::<FFI_ArrowSchema>().is_aligned() && array.cast::<FFI_ArrowArray>().is_aligned());
    // SAFETY: the capsules' names were checked, and by the Arrow PyCapsule interface a capsule of these names holds a
    // pointer to a live structure of this kind, which the consumer moves out. `capsules` keeps both alive meanwhile.
    let (schema, array) = unsafe {
        (FFI_ArrowSchema::from_raw(schema.cast().as_ptr()), FFI_ArrowArray::from_raw(array.cast().as_ptr()))
    };
    // SAFETY: the two structures belong together, as one export made both; what they say of their buffers is the
    // exporter's promise. `validate_full` then holds the content against it.
    let data = unsafe { from_ffi(array, &schema) }.map_err(refused)?;
    data.validate_full().map_err(refused)?;
    Ok(make_array(data))
}

pub fn refused(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}
