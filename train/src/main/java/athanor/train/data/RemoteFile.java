package athanor.train.data;

import java.net.URI;

/// An official file of a data set: where it is, its bytes and their SHA-256, and the subfolder of
/// the data folder it goes to ("" for none).
public record RemoteFile(URI address, long size, String sha256, String subfolder) {
    /// The last part of the address.
    public String name() {
        String path = address.getPath();
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
