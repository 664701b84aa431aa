"""Uploaded pictures and files, and the asset center: uploads, versions, scans."""
