package athanor.train.report;

import athanor.train.TrainingProblem;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/// A file of events as TensorBoard reads them: TFRecords (length, its checksum, data, their
/// checksum), each a `tensorflow.Event` message. The numbers of fields are those of TensorFlow's
/// event.proto and summary.proto, and of TensorBoard's plugins/hparams/plugin_data.proto.
@SuppressWarnings("ByteBufferBackingArray") // All buffers here are whole arrays.
final class EventFile {
    private static final String PREFIX = "events.out.tfevents.";
    private static final Pattern NAME = Pattern.compile(Pattern.quote(PREFIX) + "(\\d{1,12})\\.");
    private static final String VERSION = "brain.Event:2";
    private static final int EVENT_STEP = 2;
    private static final int EVENT_FILE_VERSION = 3;
    private static final int EVENT_SUMMARY = 5;
    private static final int EVENT_SESSION_LOG = 7;
    private static final int SESSION_START = 1;
    private static final int RGB = 3;

    /// Writes the fields of a message.
    @FunctionalInterface
    private interface Fields {
        void writeTo(CodedOutputStream out) throws IOException;
    }

    private final Path file;
    private final DoubleSupplier clock;

    private EventFile(Path file, DoubleSupplier clock) {
        this.file = file;
        this.clock = clock;
    }

    /// A new file in a folder, behind all that are there. If there are any, TensorBoard forgets
    /// their events from step `from` on: they were written before the run was interrupted, and will
    /// be written again.
    ///
    /// @param clock the seconds since 1970
    static EventFile create(Path folder, long from, DoubleSupplier clock) {
        long newest = newest(folder);
        String name =
                "%s%010d.athanor"
                        .formatted(PREFIX, Math.max((long) clock.getAsDouble(), newest + 1));
        EventFile events = new EventFile(folder.resolve(name), clock);
        long step = newest == 0 ? 0 : from;
        events.write(step, out -> out.writeString(EVENT_FILE_VERSION, VERSION));
        if (newest > 0) {
            byte[] start = message(out -> out.writeEnum(1, SESSION_START));
            events.write(step, out -> out.writeByteArray(EVENT_SESSION_LOG, start));
        }
        return events;
    }

    /// The greatest number in the names of event files; TensorBoard reads them in this order.
    private static long newest(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> NAME.matcher(String.valueOf(file.getFileName())))
                    .filter(Matcher::lookingAt)
                    .mapToLong(match -> Long.parseLong(match.group(1)))
                    .max()
                    .orElse(0);
        } catch (IOException e) {
            throw problem(folder, e);
        }
    }

    Path file() {
        return file;
    }

    void scalar(long step, String tag, double value) {
        summary(step, tag, out -> out.writeFloat(2, (float) value));
    }

    /// An image in the bytes of its PNG file.
    void image(long step, String tag, int height, int width, byte[] png) {
        byte[] image =
                message(
                        out -> {
                            out.writeInt32(1, height);
                            out.writeInt32(2, width);
                            out.writeInt32(3, RGB);
                            out.writeByteArray(4, png);
                        });
        summary(step, tag, out -> out.writeByteArray(4, image));
    }

    void histogram(long step, String tag, Histogram values) {
        int steps = values.counts().length;
        ByteBuffer limits = littleEndian(Double.BYTES * steps);
        ByteBuffer counts = littleEndian(Double.BYTES * steps);
        for (int i = 0; i < steps; i++) {
            limits.putDouble(values.limit(i));
            counts.putDouble((double) values.counts()[i]);
        }
        byte[] histogram =
                message(
                        out -> {
                            out.writeDouble(1, values.least());
                            out.writeDouble(2, values.greatest());
                            out.writeDouble(3, (double) values.size());
                            out.writeDouble(4, values.sum());
                            out.writeDouble(5, values.sumOfSquares());
                            out.writeByteArray(6, limits.array());
                            out.writeByteArray(7, counts.array());
                        });
        summary(step, tag, out -> out.writeByteArray(5, histogram));
    }

    /// What the run was asked for: a row of TensorBoard's table of hyperparameters. Numbers are
    /// numbers there, all else is text.
    void hyperparameters(String run, Map<String, String> values) {
        byte[] start =
                message(
                        out -> {
                            for (Map.Entry<String, String> entry : values.entrySet()) {
                                byte[] value = message(v -> writeValue(v, entry.getValue()));
                                out.writeByteArray(
                                        1,
                                        message(
                                                e -> {
                                                    e.writeString(1, entry.getKey());
                                                    e.writeByteArray(2, value);
                                                }));
                            }
                            out.writeString(4, run);
                            out.writeDouble(5, clock.getAsDouble());
                        });
        hparams("_hparams_/session_start_info", 3, start);
    }

    /// The run has come to its end.
    void ended() {
        byte[] end =
                message(
                        out -> {
                            out.writeEnum(1, 1); // STATUS_SUCCESS
                            out.writeDouble(2, clock.getAsDouble());
                        });
        hparams("_hparams_/session_end_info", 4, end);
    }

    private static void writeValue(CodedOutputStream out, String value) throws IOException {
        try {
            out.writeDouble(2, Double.parseDouble(value));
        } catch (NumberFormatException e) {
            out.writeString(3, value);
        }
    }

    private void hparams(String tag, int field, byte[] content) {
        byte[] data = message(out -> out.writeByteArray(field, content));
        byte[] plugin =
                message(
                        out -> {
                            out.writeString(1, "hparams");
                            out.writeByteArray(2, data);
                        });
        byte[] metadata = message(out -> out.writeByteArray(1, plugin));
        summary(0, tag, out -> out.writeByteArray(9, metadata));
    }

    private void summary(long step, String tag, Fields fields) {
        byte[] value =
                message(
                        out -> {
                            out.writeString(1, tag);
                            fields.writeTo(out);
                        });
        byte[] summary = message(out -> out.writeByteArray(1, value));
        write(step, out -> out.writeByteArray(EVENT_SUMMARY, summary));
    }

    private void write(long step, Fields fields) {
        byte[] event =
                message(
                        out -> {
                            out.writeDouble(1, clock.getAsDouble());
                            if (step != 0) {
                                out.writeInt64(EVENT_STEP, step);
                            }
                            fields.writeTo(out);
                        });
        ByteBuffer record = littleEndian(Long.BYTES + 4 + event.length + 4);
        record.putLong(event.length);
        record.putInt(checksum(record.array(), Long.BYTES));
        record.put(event);
        record.putInt(checksum(event, event.length));
        try {
            Files.write(file, record.array(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw problem(file, e);
        }
    }

    /// CRC32C, turned and shifted so that the checksum of data with a checksum in it is no special
    /// one.
    static int checksum(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] message(Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            fields.writeTo(out);
            out.flush();
        } catch (IOException e) {
            throw new IllegalStateException(e); // An array takes all.
        }
        return bytes.toByteArray();
    }

    private static TrainingProblem problem(Path file, IOException e) {
        return new TrainingProblem(
                file + " cannot be written (" + e.getMessage() + "); make room, then --resume auto",
                e);
    }
}
