package athanor.nn.io;

import athanor.engine.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// NumPy's files: `.npy` holds an array, `.npz` is a zip archive of them.
public final class Numpy {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int LONGEST_HEADER = 1 << 16;
    private static final Pattern DESCR = Pattern.compile("'descr': *'([<|=>]?)(\\w+)'");
    private static final Pattern ORDER = Pattern.compile("'fortran_order': *(True|False)");
    private static final Pattern SHAPE = Pattern.compile("'shape': *\\(([0-9, ]*)\\)");
    private static final Map<String, TensorData.Type> TYPES =
            Map.of(
                    "f8", TensorData.Type.F64,
                    "f4", TensorData.Type.F32,
                    "f2", TensorData.Type.F16,
                    "i8", TensorData.Type.I64,
                    "i4", TensorData.Type.I32,
                    "i2", TensorData.Type.I16,
                    "i1", TensorData.Type.I8,
                    "u1", TensorData.Type.U8,
                    "b1", TensorData.Type.BOOL);

    private Numpy() {}

    static boolean isOne(byte... beginning) {
        return beginning.length >= MAGIC.length
                && Arrays.equals(beginning, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    // ---- reading ----

    static TensorData parse(byte... file) {
        if (!isOne(file) || file.length < 12) {
            throw new IllegalArgumentException("it is no .npy file");
        }
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        boolean shortLength = file[6] == 1;
        long length = shortLength ? in.getShort(8) & 0xffff : in.getInt(8) & 0xffff_ffffL;
        int start = shortLength ? 10 : 12;
        if (length > Math.min(LONGEST_HEADER, file.length - start)) {
            throw new IllegalArgumentException(
                    "it claims a header of "
                            + length
                            + " bytes, more than there are or make sense");
        }
        String header = new String(file, start, (int) length, StandardCharsets.ISO_8859_1);
        Matcher descr = find(DESCR, header);
        TensorData.Type type = TYPES.get(descr.group(2));
        if (type == null || descr.group(1).equals(">")) {
            throw new IllegalArgumentException(
                    "elements '%s%s'; read are little-endian numbers and bool: %s"
                            .formatted(descr.group(1), descr.group(2), TYPES.keySet()));
        }
        if (find(ORDER, header).group(1).equals("True")) {
            throw new IllegalArgumentException(
                    "its array is in Fortran's order; save np.ascontiguousarray(x)");
        }
        int[] dims =
                Arrays.stream(find(SHAPE, header).group(1).split(","))
                        .map(String::strip)
                        .filter(dim -> !dim.isEmpty())
                        .mapToInt(Integer::parseInt)
                        .toArray();
        Shape shape = Shape.of(dims);
        long from = start + length;
        if (file.length - from != (long) shape.size() * type.bytes()) {
            throw new IllegalArgumentException(
                    "%d bytes of numbers for %s%s; the file was cut off"
                            .formatted(file.length - from, type, shape));
        }
        return new TensorData(type, shape, MemorySegment.ofArray(file).asSlice(from));
    }

    private static Matcher find(Pattern pattern, String header) {
        Matcher matcher = pattern.matcher(header);
        if (!matcher.find()) {
            throw new IllegalArgumentException("its header has no " + pattern);
        }
        return matcher;
    }

    static Map<String, TensorData> read(ZipFile zip) throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        for (ZipEntry entry : zip.stream().toList()) {
            String name = entry.getName();
            if (name.endsWith(".npy")) {
                try (InputStream in = zip.getInputStream(entry)) {
                    tensors.put(name.substring(0, name.length() - 4), parse(in.readAllBytes()));
                }
            }
        }
        return tensors;
    }

    // ---- writing ----

    /// Writes arrays as a `.npz` file.
    public static void write(Map<String, TensorData> tensors, Path file) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, TensorData> entry : tensors.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey() + ".npy"));
                zip.write(format(entry.getValue()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        WholeFile.write(file, ByteBuffer.wrap(bytes.toByteArray()));
    }

    /// Writes an array as a `.npy` file.
    public static void write(TensorData tensor, Path file) {
        WholeFile.write(file, ByteBuffer.wrap(format(tensor)));
    }

    static byte[] format(TensorData tensor) {
        String type =
                TYPES.entrySet().stream()
                        .filter(entry -> entry.getValue() == tensor.type())
                        .map(entry -> (tensor.type().bytes() == 1 ? "|" : "<") + entry.getKey())
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new IllegalArgumentException(
                                                "NumPy has no type for " + tensor.type()));
        String dims =
                Arrays.stream(tensor.shape().dims())
                        .mapToObj(dim -> dim + ", ")
                        .collect(Collectors.joining());
        String header =
                "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }"
                        .formatted(type, dims.strip());
        // The numbers begin at a multiple of 64.
        int length = (10 + header.length() + 1 + 63) / 64 * 64 - 10;
        String padded = header + " ".repeat(length - header.length() - 1) + "\n";
        byte[] numbers = tensor.bytes().toArray(ValueLayout.JAVA_BYTE);
        return ByteBuffer.allocate(10 + length + numbers.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) length)
                .put(padded.getBytes(StandardCharsets.ISO_8859_1))
                .put(numbers)
                .array();
    }
}
