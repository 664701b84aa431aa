"""Pictures and files that sellers hand in, and the asset center: uploads, versions, scans."""
