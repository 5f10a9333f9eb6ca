package athanor.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// Reads event files: each record's checksums are looked at, its message taken apart by the wire
/// format alone.
final class EventReader {
    /// A message: what came under each number, as a Long, Double, Float or byte array.
    record Message(TreeMap<Integer, List<Object>> fields) {
        static Message of(byte[] bytes) {
            TreeMap<Integer, List<Object>> fields = new TreeMap<>();
            try {
                CodedInputStream in = CodedInputStream.newInstance(bytes);
                for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                    Object value =
                            switch (WireFormat.getTagWireType(tag)) {
                                case WireFormat.WIRETYPE_VARINT -> in.readInt64();
                                case WireFormat.WIRETYPE_FIXED64 -> in.readDouble();
                                case WireFormat.WIRETYPE_FIXED32 -> in.readFloat();
                                default -> in.readByteArray();
                            };
                    fields.computeIfAbsent(
                                    WireFormat.getTagFieldNumber(tag), _ -> new ArrayList<>())
                            .add(value);
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            return new Message(fields);
        }

        boolean has(int field) {
            return fields.containsKey(field);
        }

        private Object get(int field) {
            return fields.getOrDefault(field, List.of()).getFirst();
        }

        Message message(int field) {
            return of((byte[]) get(field));
        }

        String text(int field) {
            return new String((byte[]) get(field), java.nio.charset.StandardCharsets.UTF_8);
        }

        long whole(int field) {
            return has(field) ? (Long) get(field) : 0;
        }

        double real(int field) {
            return ((Number) get(field)).doubleValue();
        }
    }

    private EventReader() {}

    static List<Message> events(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Message> events = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = new byte[Long.BYTES];
            in.get(length);
            assertThat(in.getInt()).isEqualTo(EventFile.checksum(length, length.length));
            byte[] data = new byte[(int) in.getLong(in.position() - 12)];
            in.get(data);
            assertThat(in.getInt()).isEqualTo(EventFile.checksum(data, data.length));
            events.add(Message.of(data));
        }
        return events;
    }

    /// The values of a scalar, each as `step value`.
    static List<String> scalars(Path file, String tag) throws IOException {
        List<String> found = new ArrayList<>();
        for (Message event : events(file)) {
            if (event.has(5)) {
                Message value = event.message(5).message(1);
                if (value.text(1).equals(tag) && value.has(2)) {
                    found.add(event.whole(2) + " " + value.real(2));
                }
            }
        }
        return found;
    }

    static List<String> tags(Path file) throws IOException {
        return events(file).stream()
                .filter(event -> event.has(5))
                .map(event -> event.message(5).message(1).text(1))
                .distinct()
                .toList();
    }
}
