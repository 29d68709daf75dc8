"""Reports made from result folders alone: a page, terminal and notebook tables, figures, spreadsheets.

Start with `omosim.reports.write.write_report`; heavy libraries are imported where they are used.
"""
